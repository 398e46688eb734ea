import { checkSameProcess, parseProcessTarget } from "../inspect/sameProcess.ts";
import { readCgroupMounts } from "../kernel/cgroupfs.ts";
import { placedLink } from "../limits/link.ts";
import {
  type CgroupTarget,
  type PlacedCgroup,
  targetOfPath,
  targetOfProcess,
} from "../limits/target.ts";
import { deviceOf } from "../network/device.ts";
import type { SandboxHost } from "./host.ts";
import { findRecord } from "./registry.ts";

/**
 * Whose limits or usage are meant: a process id (with `@` and its start time: that process, and no later one of
 * its number), a cgroup's path (it begins with a slash), or a sandbox by
 * name, id or an id's beginning. Throws noSuchProcess, noSuchCgroup, noSuchSandbox.
 */
export function findCgroupTarget({ registry }: SandboxHost, target: string): CgroupTarget {
  if (target.startsWith("/")) return targetOfPath(target);
  const process = parseProcessTarget(target);
  if (process) {
    const found = targetOfProcess(process.pid);
    checkSameProcess(process);
    return found;
  }
  const { id, name, cgroups, subnet } = findRecord(registry.records(), target);
  const { hierarchies } = readCgroupMounts();
  return {
    kind: "sandbox",
    title: name,
    sandbox: id,
    link: subnet === undefined ? undefined : placedLink(deviceOf(id)),
    cgroups: cgroups.flatMap(({ hierarchyId, directory }): readonly PlacedCgroup[] => {
      const hierarchy = hierarchies.find((known) => known.id === hierarchyId);
      return hierarchy ? [{ hierarchy, directory }] : [];
    }),
  };
}
