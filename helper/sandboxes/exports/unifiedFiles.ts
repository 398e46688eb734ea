import { rowOf } from "../../limits/effective.ts";
import type { CgroupFiles } from "../../limits/files/limitFile.ts";
import type { CgroupLimitName, Limits } from "../../protocol/limits.ts";

const nothingWritten: CgroupFiles = { read: () => undefined, readAbove: () => undefined };

/** The files of cgroup v2 that limits become, for tools that know no other word for them. */
export function unifiedFiles(
  limits: Limits,
  names: readonly CgroupLimitName[],
): readonly (readonly [file: string, text: string])[] {
  return names.flatMap((name) => {
    const { v2 } = rowOf(name);
    const value = limits[name];
    if (value === undefined || "reason" in v2) return [];
    return v2.writes(value, nothingWritten).map(({ file, text }) => [file, text] as const);
  });
}
