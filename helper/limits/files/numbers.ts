import { type CgroupFiles, type LimitFile, standing } from "./limitFile.ts";

/** A count without a sign; `max`, `-1` and anything else are no number. */
export function parseNumber(text: string): number | undefined {
  const trimmed = text.trim();
  return /^\d{1,20}$/.test(trimmed) ? Number(trimmed) : undefined;
}

/** One number in a file of its own; `none` is what is written to have no limit. */
export function number(file: string, none: string, parse = parseNumber): LimitFile<number> {
  return {
    ...standing(file),
    read: (files) => parse(files.read(file) ?? ""),
    writes: (value) => [{ file, text: value === undefined ? none : `${value}` }],
  };
}

/** The same where a number stands for none, as 0 does in a protection. */
export function numberOr(unset: number, file: string): LimitFile<number> {
  return { ...number(file, `${unset}`), isUnset: (value) => value === unset };
}

/** A number that a new cgroup has from its parent: version 1's swappiness. */
export function inherited(file: string): LimitFile<number> {
  const above = (files: CgroupFiles) => files.readAbove(file)?.trim();
  return {
    ...number(file, ""),
    writes: (value, files) => [{ file, text: `${value ?? above(files) ?? ""}` }],
    isUnset: (value, files) => above(files) === `${value}`,
  };
}
