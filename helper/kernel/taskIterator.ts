import { closeSync, readSync } from "node:fs";
import { openIterator } from "./bpf.ts";
import { hierarchyId } from "./cgroupfs.ts";
import { KernelError } from "./errors.ts";
import { readCgroupPaths } from "./procfs.ts";
import { parseRecords } from "./taskRecords.ts";
import type { TaskTable } from "./taskTable.ts";

/** What a reading may be long: that of a million processes. */
const mostBytes = 2 ** 27;
const firstBytes = 2 ** 20;

/** Kept from one reading to the next: to make a new one costs more than to read 5,000 processes. */
let buffer = Buffer.alloc(0);

/**
 * All processes at once, as a program in the kernel tells of them (native/inventory). `link` is the descriptor
 * of its bpf_link. Throws KernelError, or an error of node:fs.
 */
export function readIteratedTasks(link: number): TaskTable {
  const length = readWhole(link);
  const memberships = readCgroupPaths("self") ?? [];
  const hierarchies = new Map(memberships.map((one) => [one.hierarchy, hierarchyId(one)]));
  return { source: "bpf", denied: 0, ...parseRecords(buffer, length, hierarchies) };
}

/** The kernel gives 32 KiB at most at a time; a record may be cut in two. */
function readWhole(link: number): number {
  const iterator = openIterator(link);
  try {
    let length = 0;
    for (;;) {
      if (length === buffer.length) grow();
      const count = readSync(iterator, buffer, length, buffer.length - length, null);
      if (count === 0) return length;
      length += count;
    }
  } finally {
    closeSync(iterator);
  }
}

function grow(): void {
  const larger = Buffer.allocUnsafeSlow(
    Math.min(mostBytes, Math.max(firstBytes, 2 * buffer.length)),
  );
  if (larger.length === buffer.length) throw new KernelError("read", "EFBIG", "the task iterator");
  buffer.copy(larger);
  buffer = larger;
}
