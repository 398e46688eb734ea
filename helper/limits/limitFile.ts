import { readCgroupFile } from "../kernel/cgroupfs.ts";
import type { LimitValue } from "../protocol/limitUnits.ts";

/** The files of one cgroup. */
export interface CgroupFiles {
  /** Undefined: the kernel offers no such file here. */
  read(file: string): string | undefined;
}

export interface CgroupWrite {
  readonly file: string;
  readonly text: string;
}

/** How one limit is read and written in one version of cgroups. */
export interface LimitFile<V extends LimitValue = LimitValue> {
  /** As the reference names it. */
  readonly name: string;
  /** The file that holds it; undefined where the kernel offers none. */
  find(files: CgroupFiles): string | undefined;
  /** Undefined: no limit is set. */
  read(files: CgroupFiles): V | undefined;
  /** What to write for a value, or to have no limit again. */
  writes(value: V | undefined, files: CgroupFiles): readonly CgroupWrite[];
}

/** Why a version of cgroups has no such limit. */
export interface NoSuchLimit {
  readonly reason: string;
}

export function filesOf(directory: string): CgroupFiles {
  return { read: (file) => readCgroupFile(directory, file) };
}

/** Files as they will be when something was written that is not yet. */
export function filesAfter(files: CgroupFiles, writes: readonly CgroupWrite[]): CgroupFiles {
  return {
    read: (file) => writes.findLast((write) => write.file === file)?.text ?? files.read(file),
  };
}

/** A count without a sign; `max`, `-1` and anything else are no number. */
export function parseNumber(text: string): number | undefined {
  const trimmed = text.trim();
  return /^\d{1,20}$/.test(trimmed) ? Number(trimmed) : undefined;
}

/** One number in a file of its own; `none` is what the file says without a limit. */
export function number(file: string, none: string, parse = parseNumber): LimitFile<number> {
  return {
    ...standing(file),
    read: (files) => parse(files.read(file) ?? ""),
    writes: (value) => [{ file, text: value === undefined ? none : `${value}` }],
  };
}

/** The limit has this one file. */
export function standing(file: string): Pick<LimitFile, "name" | "find"> {
  return {
    name: file,
    find: (files) => (files.read(file) === undefined ? undefined : file),
  };
}
