import type { HostCgroup } from "../../protocol/hostTables.ts";
import { printable } from "../../protocol/printable.ts";
import type { CgroupIds, Task } from "../tasks.ts";
import type { CgroupRow } from "./tree.ts";

/** The row that was made of each last. */
const populated = new WeakMap<CgroupRow, HostCgroup>();

/** How many processes are directly in each: counted in the table of processes, so that both say the same. */
export function populate(
  rows: readonly CgroupRow[],
  tasks: readonly Task[],
): readonly HostCgroup[] {
  const counts = countById(tasks);
  return rows.map((row) => {
    const processes = counts.get(row.hierarchy)?.get(row.inode) ?? 0;
    const last = populated.get(row);
    if (last?.processes === processes) return last;
    const next = { ...row, processes };
    populated.set(row, next);
    return next;
  });
}

/** Processes in the same cgroups share one object of ids: counted by that first. */
function countById(tasks: readonly Task[]): ReadonlyMap<string, ReadonlyMap<number, number>> {
  const alike = new Map<CgroupIds, number>();
  for (const { cgroupIds } of tasks) alike.set(cgroupIds, (alike.get(cgroupIds) ?? 0) + 1);
  const counts = new Map<string, Map<number, number>>();
  for (const [ids, processes] of alike) {
    for (const [id, inode] of Object.entries(ids)) {
      const hierarchy = printable(id);
      const ofHierarchy = counts.get(hierarchy) ?? new Map<number, number>();
      counts.set(hierarchy, ofHierarchy);
      ofHierarchy.set(inode, (ofHierarchy.get(inode) ?? 0) + processes);
    }
  }
  return counts;
}
