import { dirname } from "node:path";
import { readCgroupFile, writeCgroupFile } from "../kernel/cgroupfs.ts";
import { pause } from "../kernel/pause.ts";
import { TerrariumError } from "../protocol/errors.ts";

/** How one version of cgroups freezes. */
interface Freezer {
  readonly file: string;
  readonly frozen: string;
  readonly thawed: string;
  /** By itself or by an ancestor. */
  isFrozen(directory: string): boolean;
  /** By itself. */
  holds(directory: string): boolean;
}

/**
 * Version 2 first: a process that it froze can still be killed (cgroup-v2.rst, cgroup.freeze), and on a
 * hybrid host a sandbox has both. Version 1: cgroup-v1/freezer-subsystem.rst.
 */
const freezers: readonly Freezer[] = [
  {
    file: "cgroup.freeze",
    frozen: "1",
    thawed: "0",
    isFrozen: (directory) => /^frozen 1$/m.test(readCgroupFile(directory, "cgroup.events") ?? ""),
    holds: (directory) => readCgroupFile(directory, "cgroup.freeze")?.trim() === "1",
  },
  {
    file: "freezer.state",
    frozen: "FROZEN",
    thawed: "THAWED",
    isFrozen: (directory) => readCgroupFile(directory, "freezer.state")?.trim() === "FROZEN",
    holds: (directory) => readCgroupFile(directory, "freezer.self_freezing")?.trim() === "1",
  },
];

const freezeRounds = 200;
const roundMs = 10;

/**
 * Stops every process in these directories of one sandbox and waits until the kernel says that all of them
 * stand still. Throws cgroupFailed where it does not (a process in uninterruptible sleep); all is thawed then.
 * False when none of the directories can freeze.
 */
export function freeze(directories: readonly string[]): boolean {
  const found = freezerOf(directories);
  if (!found) return false;
  const { freezer, directory } = found;
  for (let round = 0; round < freezeRounds; round += 1) {
    // Written again each time: version 1 may stay at FREEZING when a process was forked meanwhile.
    const errno = writeCgroupFile(directory, freezer.file, freezer.frozen);
    if (errno !== undefined) throw refused(`${directory}/${freezer.file}`, errno);
    if (freezer.isFrozen(directory)) return true;
    pause(roundMs);
  }
  thaw(directories);
  throw refused(`${directory}/${freezer.file}`, "EBUSY");
}

/** Lets them run again, in every version: whoever froze them. What cannot freeze has no such file. */
export function thaw(directories: readonly string[]): void {
  for (const directory of directories) {
    for (const { file, thawed } of freezers) writeCgroupFile(directory, file, thawed);
  }
}

/** The first of these directories whose processes the kernel holds, by itself or by an ancestor. */
export function findFrozen(directories: readonly string[]): string | undefined {
  return directories.find((directory) => freezers.some((freezer) => freezer.isFrozen(directory)));
}

/** What was frozen for these to be held: they themselves, or cgroups above them. */
export function holdersOf(directories: readonly string[]): readonly string[] {
  const all = new Set(directories.flatMap(withAncestors));
  return [...all].filter((directory) => freezers.some((freezer) => freezer.holds(directory)));
}

/** Up to the top of its hierarchy. */
function withAncestors(directory: string): readonly string[] {
  const found: string[] = [];
  for (let at = directory; isCgroup(at); at = dirname(at)) found.push(at);
  return found;
}

function isCgroup(directory: string): boolean {
  return directory !== "/" && readCgroupFile(directory, "cgroup.procs") !== undefined;
}

/** Lets go what one cgroup itself holds. Throws cgroupFailed. */
export function thawOne(directory: string): void {
  for (const { file, thawed, holds } of freezers) {
    if (!holds(directory)) continue;
    const errno = writeCgroupFile(directory, file, thawed);
    if (errno !== undefined) throw refused(`${directory}/${file}`, errno);
  }
}

function freezerOf(directories: readonly string[]) {
  for (const freezer of freezers) {
    const directory = directories.find(
      (candidate) => readCgroupFile(candidate, freezer.file) !== undefined,
    );
    if (directory !== undefined) return { freezer, directory };
  }
  return undefined;
}

function refused(path: string, errno: string): TerrariumError {
  return new TerrariumError("cgroupFailed", { call: "write", path, errno });
}
