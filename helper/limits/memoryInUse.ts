import { formatBytes } from "../protocol/bytes.ts";
import type { LimitValue } from "../protocol/limitUnits.ts";
import type { Asked } from "./above.ts";
import { type CgroupFiles, filesOf } from "./files/limitFile.ts";
import type { LimitRow } from "./table.ts";
import { unavailable } from "./unavailable.ts";

/** Throws limitUnavailable. */
export function checkSwap(row: LimitRow, { cgroup, limitOf }: Asked): void {
  const { version } = cgroup.hierarchy;
  if (row.limit === "swapBytes" && version === 1 && limitOf("memoryBytes") === undefined) {
    throw unavailable(row, "cgroup v1 bounds swap only together with memory: limit that, too");
  }
}

/**
 * Memory that is in use already. Version 1 answers EBUSY where it cannot reclaim enough for a new limit;
 * version 2 takes the limit and ends processes (cgroup-v2.rst, memory.max), so it is not asked to.
 * Throws limitUnavailable.
 */
export function checkInUse(row: LimitRow, value: LimitValue, { cgroup }: Asked): void {
  if (row.limit !== "memoryBytes" || cgroup.hierarchy.version === 1) return;
  const kept = unreclaimable(filesOf(cgroup.directory));
  if (typeof value !== "number" || kept <= value) return;
  throw unavailable(
    row,
    `${formatBytes(kept)} are in use, and the kernel would end processes to get there`,
  );
}

/** Memory that belongs to no file goes nowhere without swap; where there is some, nobody can foretell it. */
function unreclaimable(files: CgroupFiles): number {
  const swaps = filesOf("/proc").read("swaps")?.trim().split("\n") ?? [];
  if (swaps.length > 1 && files.read("memory.swap.max")?.trim() !== "0") return 0;
  const statistics = files.read("memory.stat") ?? "";
  const figures = ["anon", "shmem"].map((name) =>
    Number(new RegExp(`^${name} (\\d+)$`, "m").exec(statistics)?.[1] ?? 0),
  );
  return figures.reduce((sum, bytes) => sum + bytes, 0);
}
