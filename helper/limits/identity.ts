import { statSync } from "node:fs";
import { readStat } from "../kernel/procfs.ts";
import { pidOf } from "./processes.ts";
import { type CgroupTarget, lastingPlaces } from "./target.ts";

/**
 * Which process and cgroups these are. A process id is given to somebody else (its start time differs), a
 * process moves, and a cgroup is removed and made again (its inode differs); a path or a pid tells none of it.
 */
export function identityOf(target: CgroupTarget): string {
  const { pid } = target;
  const started = pid === undefined ? [] : [instanceOf(pid)];
  return [...started, ...lastingPlaces(target).map(({ directory }) => inodeOf(directory))].join(
    " ",
  );
}

/** Numbers of kernfs have 64 bits; a network link has one in sysfs; those of procfs change from look to look. */
export function inodeOf(directory: string): string {
  const pid = pidOf(directory);
  if (pid !== undefined) return instanceOf(pid);
  return `${statSync(directory, { bigint: true, throwIfNoEntry: false })?.ino ?? "gone"}`;
}

function instanceOf(pid: number): string {
  return `${pid}@${readStat(pid)?.startTimeTicks ?? "gone"}`;
}
