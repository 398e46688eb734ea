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
 * Whose limits or usage are meant: a process id, a cgroup's path (it begins with a slash), or a sandbox by
 * name, id or an id's beginning. Throws noSuchProcess, noSuchCgroup, noSuchSandbox.
 */
export function findCgroupTarget({ registry }: SandboxHost, target: string): CgroupTarget {
  if (target.startsWith("/")) return targetOfPath(target);
  if (/^\d{1,7}$/.test(target)) return targetOfProcess(Number(target));
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
