import { basename, posix } from "node:path";
import {
  type CgroupMount,
  cgroupDirectory,
  hierarchyId,
  isCgroupFileSystem,
  readCgroupFile,
  readCgroupMounts,
} from "../kernel/cgroupfs.ts";
import { readCgroupPaths, readStat } from "../kernel/procfs.ts";
import { TerrariumError } from "../protocol/errors.ts";
import { printable } from "../protocol/printable.ts";

/** Where one hierarchy has a cgroup. */
export interface PlacedCgroup {
  readonly hierarchy: CgroupMount;
  readonly directory: string;
  /** Systemd's, which has to be asked for a change. */
  readonly unit?: string | undefined;
  /** Of a place that is no cgroup but a process, and its directory that of /proc. */
  readonly process?: PlacedProcess | undefined;
}

export interface PlacedProcess {
  readonly pid: number;
  readonly startTimeTicks: number;
}

/** What limits and usage can be asked of: a sandbox, a process or a cgroup, with its place in each hierarchy. */
export interface CgroupTarget {
  readonly kind: "sandbox" | "process" | "cgroup";
  /** For people: a sandbox's name, a process's command, a cgroup's last component. */
  readonly title: string;
  /** Id of a sandbox. */
  readonly sandbox?: string | undefined;
  readonly pid?: number | undefined;
  readonly cgroups: readonly PlacedCgroup[];
  /** A sandbox's network link, which has limits, too. */
  readonly link?: PlacedCgroup | undefined;
  /** Whose resource limits it has: the main one first. Found only where these are asked for. */
  readonly processes?: readonly PlacedCgroup[] | undefined;
}

/** Whatever of it can have limits. */
export function limitPlaces(target: CgroupTarget): readonly PlacedCgroup[] {
  return [...lastingPlaces(target), ...(target.processes ?? [])];
}

/** What it is by: processes come and go in a sandbox. */
export function lastingPlaces({ cgroups, link }: CgroupTarget): readonly PlacedCgroup[] {
  return link ? [...cgroups, link] : cgroups;
}

/** The cgroups that a process is in. Throws noSuchProcess. */
export function targetOfProcess(pid: number): CgroupTarget {
  const memberships = readCgroupPaths(pid);
  if (!memberships) throw new TerrariumError("noSuchProcess", { pid });
  const cgroups = readCgroupMounts().hierarchies.flatMap((hierarchy): readonly PlacedCgroup[] => {
    const path = memberships.find((one) => hierarchyId(one) === hierarchy.id)?.path;
    const directory = path === undefined ? undefined : cgroupDirectory(hierarchy, path);
    return directory === undefined ? [] : [{ hierarchy, directory }];
  });
  return { kind: "process", title: printable(readStat(pid)?.command ?? String(pid)), pid, cgroups };
}

/**
 * A directory of one hierarchy (`/sys/fs/cgroup/memory/docker`), or a path below their roots (`/docker`),
 * then in each hierarchy that has it. Throws noSuchCgroup.
 */
export function targetOfPath(text: string): CgroupTarget {
  const path = posix.resolve(text);
  const { hierarchies } = readCgroupMounts();
  const named = hierarchies
    .filter(({ mountPoint }) => isWithin(path, mountPoint))
    .sort((a, b) => b.mountPoint.length - a.mountPoint.length)[0];
  const candidates = named
    ? [{ hierarchy: named, directory: path }]
    : hierarchies.map((hierarchy) => ({
        hierarchy,
        // Without a slash at its end: the top of a hierarchy is told by its name.
        directory: posix.resolve(hierarchy.mountPoint, `.${path}`),
      }));
  const cgroups = candidates.filter(isCgroup);
  if (cgroups.length === 0) throw new TerrariumError("noSuchCgroup", { path: text });
  return { kind: "cgroup", title: printable(basename(path) || "/"), cgroups };
}

function isWithin(path: string, mountPoint: string): boolean {
  return path === mountPoint || path.startsWith(`${mountPoint}/`);
}

/** Not what was mounted over one: another file system may have a file of that name. */
function isCgroup({ hierarchy, directory }: PlacedCgroup): boolean {
  return (
    isCgroupFileSystem(directory, hierarchy.version) &&
    readCgroupFile(directory, "cgroup.procs") !== undefined
  );
}
