import { readFileSync } from "node:fs";

/** getauxval(3): pairs of words; the kernel tells each program the size of a page. */
const AT_PAGESZ = 6n;
const pairBytes = 16;

let known: number | undefined;

/** 4 KiB on x86_64; up to 64 KiB on aarch64. */
export function pageBytes(): number {
  known ??= readPageBytes();
  return known;
}

function readPageBytes(): number {
  const vector = readFileSync("/proc/self/auxv");
  for (let at = 0; at + pairBytes <= vector.length; at += pairBytes) {
    if (vector.readBigUInt64LE(at) === AT_PAGESZ) return Number(vector.readBigUInt64LE(at + 8));
  }
  throw new Error("/proc/self/auxv names no page size");
}
