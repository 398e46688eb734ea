import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import { cgroupDirectory, hierarchyId, readCgroupMounts } from "../kernel/cgroupfs.ts";
import { errnoOf } from "../kernel/errors.ts";
import { readCgroupPaths } from "../kernel/procfs.ts";

export interface JoinedCgroups {
  readonly directories: readonly string[];
  /** Why it is not all of those that are not ours already. */
  readonly errno: string | undefined;
}

/** The target's cgroup in every hierarchy that we may move a process into. */
export function joinableCgroups(pid: number): JoinedCgroups {
  const { hierarchies } = readCgroupMounts();
  const found = (readCgroupPaths(pid) ?? []).flatMap((membership) => {
    const mount = hierarchies.find(({ id }) => id === hierarchyId(membership));
    if (membership.path === mount?.ownPath) return [];
    const directory = mount && cgroupDirectory(mount, membership.path);
    return [{ directory, errno: directory === undefined ? "ENOENT" : refusal(directory) }];
  });
  return {
    directories: found.flatMap(({ directory, errno }) =>
      directory !== undefined && errno === undefined ? [directory] : [],
    ),
    errno: found.find(({ errno }) => errno !== undefined)?.errno,
  };
}

function refusal(directory: string): string | undefined {
  try {
    accessSync(join(directory, "cgroup.procs"), constants.W_OK);
    return undefined;
  } catch (error) {
    return errnoOf(error);
  }
}
