import { readCgroupFile, writeCgroupFile } from "../kernel/cgroupfs.ts";
import { pause } from "../kernel/pause.ts";
import { TerrariumError } from "../protocol/errors.ts";

/** How one version of cgroups freezes. */
interface Freezer {
  readonly file: string;
  readonly frozen: string;
  readonly thawed: string;
  isFrozen(directory: string): boolean;
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
  },
  {
    file: "freezer.state",
    frozen: "FROZEN",
    thawed: "THAWED",
    isFrozen: (directory) => readCgroupFile(directory, "freezer.state")?.trim() === "FROZEN",
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
