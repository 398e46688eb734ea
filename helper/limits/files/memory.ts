import { type CgroupFiles, type LimitFile, standing } from "./limitFile.ts";
import { number, parseNumber } from "./numbers.ts";

/** PAGE_COUNTER_MAX in bytes is just below 2^63; page sizes move it a little, never below this. */
const noMemoryLimit = 2 ** 62;

/** The largest page of any kernel that we know: 64 KiB on some aarch64 ones. */
export const page = 65_536;

const memory = "memory.limit_in_bytes";
const memoryAndSwap = "memory.memsw.limit_in_bytes";

export function parseMemory(text: string): number | undefined {
  const bytes = parseNumber(text);
  return bytes !== undefined && bytes < noMemoryLimit ? bytes : undefined;
}

/** Version 1 bounds memory and swap by their sum, which moves along, so that the swap stays as it was. */
export const memoryOfVersion1: LimitFile<number> = {
  ...number(memory, "-1", parseMemory),
  writes: (bytes, files) => {
    const swap = swapIn(files);
    const own = { file: memory, text: `${bytes ?? -1}` };
    return swap === undefined ? [own] : [own, { file: memoryAndSwap, text: sum(bytes, swap) }];
  },
};

export const swapOfVersion1: LimitFile<number> = {
  ...standing(memoryAndSwap),
  read: swapIn,
  writes: (swap, files) => [
    { file: memoryAndSwap, text: sum(parseMemory(files.read(memory) ?? ""), swap) },
  ],
};

/** Both are rounded down to pages; what begins at a whole one leaves no more swap than was asked for. */
function sum(memoryBytes: number | undefined, swap: number | undefined): string {
  if (memoryBytes === undefined || swap === undefined) return "-1";
  return `${Math.max(memoryBytes, memoryBytes - (memoryBytes % page) + swap)}`;
}

function swapIn(files: CgroupFiles): number | undefined {
  const both = parseMemory(files.read(memoryAndSwap) ?? "");
  const bytes = parseMemory(files.read(memory) ?? "");
  return both === undefined || bytes === undefined ? undefined : both - bytes;
}
