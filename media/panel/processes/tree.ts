import type { ProcessEntry } from "../../../helper/protocol/inventory.ts";

/** A process, and how many of those that are shown stand above it. */
export interface Branch {
  readonly process: ProcessEntry;
  readonly depth: number;
}

/** Deeper ones stand below each other: a row stays readable. */
export const deepestIndent = 12;

/** Parents before their children, and those by pid; whose parent is not among them stands at the top. */
export function inTreeOrder(processes: readonly ProcessEntry[]): readonly Branch[] {
  const pids = new Set(processes.map(({ pid }) => pid));
  const children = new Map<number, ProcessEntry[]>();
  const sorted = [...processes].sort((a, b) => a.pid - b.pid);
  for (const process of sorted) {
    const above = pids.has(process.parentPid) ? process.parentPid : 0;
    children.set(above, [...(children.get(above) ?? []), process]);
  }
  const ordered: Branch[] = [];
  const waiting: Branch[] = below(0, -1);
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    ordered.push(next);
    waiting.push(...below(next.process.pid, next.depth));
  }
  return ordered;

  /** Last first: what is waiting is a stack. */
  function below(pid: number, depth: number): Branch[] {
    return (children.get(pid) ?? []).map((process) => ({ process, depth: depth + 1 })).reverse();
  }
}
