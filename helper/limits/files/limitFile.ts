import { dirname, join } from "node:path";
import { readCgroupFile, writeCgroupFile } from "../../kernel/cgroupfs.ts";
import type { LimitValue } from "../../protocol/limitUnits.ts";
import type { PlacedCgroup } from "../target.ts";
import { isLink, linkFiles, writeLink } from "./link.ts";
import { writeProcess } from "./process.ts";
import { writeUnit } from "./unit.ts";

/** The files of one cgroup. */
export interface CgroupFiles {
  /** Undefined: the kernel offers no such file here. */
  read(file: string): string | undefined;
  /** The same of its parent; undefined at the top of a hierarchy. */
  readAbove(file: string): string | undefined;
}

export interface CgroupWrite {
  readonly file: string;
  readonly text: string;
  /** One line of a file that keeps its others; else the text is all that the file holds. */
  readonly line?: true;
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
  /** It holds a value that stands for none: a default, or what it has from its parent. */
  isUnset?(value: V, files: CgroupFiles): boolean;
  /** What is read once `value` was written, where the file holds it in other terms. */
  round?(value: V): V;
}

/** Why a version of cgroups has no such limit. */
export interface NoSuchLimit {
  readonly reason: string;
}

export function filesOf(directory: string): CgroupFiles {
  if (isLink(directory)) return linkFiles(directory);
  return {
    read: (file) => readCgroupFile(directory, file),
    readAbove: (file) => readCgroupFile(dirname(directory), file),
  };
}

/** Answers what was refused, undefined where nothing was. */
export function writeFile(
  { directory, process, unit }: Pick<PlacedCgroup, "directory" | "process" | "unit">,
  file: string,
  text: string,
): string | undefined {
  if (process) return writeProcess(process, text);
  if (unit !== undefined) return writeUnit(unit, join(directory, file), text);
  const write = isLink(directory) ? writeLink : writeCgroupFile;
  return write(directory, file, text);
}

/** Files as they will be when something was written that is not yet. */
export function filesAfter(files: CgroupFiles, writes: readonly CgroupWrite[]): CgroupFiles {
  const whole = writes.filter(({ line }) => !line);
  return {
    read: (file) => whole.findLast((write) => write.file === file)?.text ?? files.read(file),
    readAbove: (file) => files.readAbove(file),
  };
}

/** The limit stands in this one file. */
export function standing(file: string): Pick<LimitFile, "name" | "find"> {
  return {
    name: file,
    find: (files) => (files.read(file) === undefined ? undefined : file),
  };
}

/**
 * Whichever of two files the kernel offers; the first where nothing can be seen yet. Where it offers both, one of them
 * holds for each disk, and so both are written; the first is the one that is shown.
 */
export function either(one: LimitFile<number>, other: LimitFile<number>): LimitFile<number> {
  const offered = (files: CgroupFiles) => [one, other].filter((file) => file.find(files));
  const shown = (files: CgroupFiles) => offered(files)[0] ?? one;
  return {
    name: `${one.name} or ${other.name}`,
    find: (files) => shown(files).find(files),
    read: (files) => shown(files).read(files),
    writes: (value, files) => {
      const [first = one, ...more] = offered(files);
      return [first, ...more].flatMap((file) => file.writes(value, files));
    },
    isUnset: (value, files) => shown(files).isUnset?.(value, files) ?? false,
  };
}
