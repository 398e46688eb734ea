import { readFileSync } from "node:fs";
import { releasePages } from "./libc.ts";

/**
 * A program maps forty megabytes of its own file to start, and a quarter of them to go on. The rest stays in its
 * resident set, although it has done with it, and is the last that the kernel takes back when memory is short.
 */

/** By then a helper has started and its first client has what it came for. */
const afterMs = 2_000;
const smallestKiB = 1024;

/** For a helper that stays. */
export function giveBackStartPages(): void {
  setTimeout(() => {
    try {
      releaseProgramPages();
    } catch {
      // A kernel without smaps, pages that are locked: they stay, and nothing is lost.
    }
  }, afterMs).unref();
}

/**
 * Takes the pages that only mirror a file out of this process: the page cache still has them, and what is wanted
 * again is mapped from there, without a read. Where a page was written to (relocations), the mapping is left alone.
 */
export function releaseProgramPages(): void {
  const mappings = readFileSync("/proc/self/smaps", "utf8").split(/\n(?=[\da-f]+-[\da-f]+ )/);
  for (const mapping of mappings) {
    const [, from, to] = /^([\da-f]+)-([\da-f]+) r-[-x]p \S+ \S+ \d+ +\//.exec(mapping) ?? [];
    const isWritten = kibibytes(mapping, "Anonymous") > 0;
    if (from && to && !isWritten && kibibytes(mapping, "Rss") >= smallestKiB) {
      releasePages(BigInt(`0x${from}`), BigInt(`0x${to}`));
    }
  }
}

/** A figure of proc_pid_smaps(5). */
function kibibytes(mapping: string, name: string): number {
  return Number(new RegExp(`^${name}: +(\\d+) kB$`, "m").exec(mapping)?.[1] ?? 0);
}
