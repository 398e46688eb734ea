import { totalmem } from "node:os";
import { formatBytes } from "../../protocol/bytes.ts";
import type { UsageSample } from "../../protocol/usage.ts";

/** Figures of usage in the columns of the tables. */

export function percent(value: number | undefined): string | undefined {
  return value === undefined ? undefined : `${value.toFixed(1)} %`;
}

/** What docker stats calls memory usage: without the file cache that goes first. */
export function memoryInUse({ memory }: UsageSample): number | undefined {
  return memory && (memory.workingSet ?? memory.current);
}

/** The cgroup's own limit, or the memory of the machine where that is less. */
export function memoryLimit({ memory }: UsageSample): number {
  return Math.min(memory?.max ?? Number.POSITIVE_INFINITY, totalmem());
}

/** `1 KB / 2 MB`; undefined where it is not counted. */
export function pair(list: readonly (readonly [number, number])[] | undefined): string | undefined {
  if (!list) return undefined;
  const sum = (which: 0 | 1) => list.reduce((total, figures) => total + figures[which], 0);
  return `${formatBytes(sum(0))} / ${formatBytes(sum(1))}`;
}
