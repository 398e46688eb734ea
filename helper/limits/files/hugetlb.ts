import { hugePageSizes } from "../../kernel/hugePages.ts";
import { parseBytes } from "../../protocol/bytes.ts";
import type { CgroupFiles, LimitFile } from "./limitFile.ts";
import { parseMemory } from "./memory.ts";

type Sizes = Readonly<Record<string, number>>;

/** A file for each size of huge page; `word` ends its name. */
export function hugetlb(word: "max" | "limit_in_bytes", none: string): LimitFile<Sizes> {
  const fileOf = (size: string) => `hugetlb.${size}.${word}`;
  const held = (files: CgroupFiles) =>
    hugePageSizes().flatMap((size) => {
      const bytes = parseMemory(files.read(fileOf(size)) ?? "");
      return bytes === undefined ? [] : [[size, bytes] as const];
    });
  return {
    name: fileOf("SIZE"),
    find: (files) =>
      [...held(files).map(([size]) => size), ...hugePageSizes()]
        .map(fileOf)
        .find((file) => files.read(file) !== undefined),
    read: (files) => {
      const sizes = held(files);
      return sizes.length > 0 ? Object.fromEntries(sizes) : undefined;
    },
    writes: (sizes = {}, files) => {
      const gone = held(files).filter(([size]) => sizes[size] === undefined);
      return [
        ...gone.map(([size]) => ({ file: fileOf(size), text: none })),
        ...Object.entries(sizes).map(([size, bytes]) => ({ file: fileOf(size), text: `${bytes}` })),
      ];
    },
    round: (sizes) =>
      Object.fromEntries(
        Object.entries(sizes).map(([size, bytes]) => [
          size,
          bytes - (bytes % (parseBytes(size) || 1)),
        ]),
      ),
  };
}
