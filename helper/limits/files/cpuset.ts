import { formatCpuList, parseCpuList } from "../../protocol/cpuList.ts";
import { type CgroupFiles, type LimitFile, standing } from "./limitFile.ts";

/** Version 1: a cgroup has a list of its own, and while it has processes no empty one (cpusets.rst). */
export function ownList(file: string): LimitFile<string> {
  const above = (files: CgroupFiles) => canonical(files.readAbove(file) ?? "");
  return {
    ...standing(file),
    read: (files) => canonical(files.read(file) ?? ""),
    writes: (list, files) => [{ file, text: list ?? above(files) ?? "" }],
    isUnset: (list, files) => list === above(files),
    round: (list) => canonical(list) ?? list,
  };
}

/** Version 2: empty is as the parent. An empty text would be no write at all, so it is an empty line. */
export function inheritedList(file: string): LimitFile<string> {
  return {
    ...standing(file),
    read: (files) => canonical(files.read(file) ?? ""),
    writes: (list) => [{ file, text: list ?? "\n" }],
    round: (list) => canonical(list) ?? list,
  };
}

function canonical(text: string): string | undefined {
  const numbers = parseCpuList(text);
  return numbers && formatCpuList(numbers);
}
