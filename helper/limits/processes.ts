import { readStat } from "../kernel/procfs.ts";
import type { PlacedCgroup, PlacedProcess } from "./target.ts";

/** Where a process holds its resource limits: a hierarchy of its own, with a place for each process. */

/** No controller of the kernel's has this name. */
export const processController = "process";

export const noProcess =
  "a cgroup has none; it is of each process, so name a process, or a sandbox that runs";

/** `sandbox`: it is meant as a part of that one, of which all processes have the same. */
export function placedProcess(process: PlacedProcess, sandbox?: string): PlacedCgroup {
  const id = processHierarchy(sandbox);
  const controllers = [processController];
  const hierarchy = { id, version: 2, controllers, mountPoint: "/proc", root: "/" } as const;
  return {
    hierarchy: { ...hierarchy, ownPath: "/" },
    directory: `/proc/${process.pid}`,
    process,
  };
}

export function processHierarchy(sandbox?: string): string {
  return sandbox === undefined ? processController : `${processController} ${sandbox}`;
}

export function pidOf(directory: string): number | undefined {
  const [, pid] = /^\/proc\/(\d+)$/.exec(directory) ?? [];
  return pid === undefined ? undefined : Number(pid);
}

/** Undefined for one that has ended. */
export function findProcess(pid: number): PlacedProcess | undefined {
  const stat = readStat(pid);
  return stat && { pid, startTimeTicks: stat.startTimeTicks };
}

/** Whom it has its limits from, unless it set them itself. */
export function parentProcess({ pid }: PlacedProcess): PlacedCgroup | undefined {
  const parent = findProcess(readStat(pid)?.parentPid ?? 0);
  return parent && placedProcess(parent);
}

export function isSameProcess({ pid, startTimeTicks }: PlacedProcess): boolean {
  return readStat(pid)?.startTimeTicks === startTimeTicks;
}
