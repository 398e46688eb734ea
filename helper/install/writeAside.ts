import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { errnoOf } from "../kernel/errors.ts";
import { assertClosed } from "./closed.ts";

/** What is interrupted leaves a name that nobody reads, and that the next run removes. */
const aside = /^\.(.+)\.terrarium-(new|old)$/;

const creating = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;

/**
 * A new file of root's, made where nothing of that name is, no link either (open(2), O_EXCL). Nobody can have put one
 * into a directory that is root's alone (closed.ts): this is for the case that somebody did. The caller closes it.
 */
export function createFile(path: string): number {
  return openSync(path, creating, 0o600);
}

/** Puts a file of root's in the place of what is there, whole or not at all. */
export function replaceFile(path: string, bytes: string | Buffer): void {
  const directory = dirname(path);
  assertClosed(directory);
  makeDirectories(directory);
  const temporary = asideOf(path);
  rmSync(temporary, { force: true });
  const file = createFile(temporary);
  try {
    writeFileSync(file, bytes);
    fchownSync(file, 0, 0);
    fchmodSync(file, 0o644);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
  syncDirectory(directory);
}

/** The name beside a path under which it is made. */
export function asideOf(path: string, age: "new" | "old" = "new"): string {
  return join(dirname(path), `.${basename(path)}.terrarium-${age}`);
}

/** Takes the name of a directory away at once, and then what is in it: nobody finds a part of it. */
export function removeWhole(path: string): void {
  const old = asideOf(path, "old");
  rmSync(old, { recursive: true, force: true });
  try {
    renameSync(path, old);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return;
    throw error;
  }
  syncDirectory(dirname(path));
  rmSync(old, { recursive: true, force: true });
}

/** What interrupted runs left in a directory. */
export function removeAsides(directory: string, isOurs: (name: string) => boolean): void {
  for (const name of namesIn(directory)) {
    const whole = aside.exec(name)?.[1];
    if (whole !== undefined && isOurs(whole)) {
      rmSync(join(directory, name), { recursive: true, force: true });
    }
  }
}

/** Without those that are being made; empty where there is no such directory. */
export function wholeNamesIn(directory: string): readonly string[] {
  return namesIn(directory).filter((name) => !name.startsWith("."));
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return [];
    throw error;
  }
}

/** A new name is on the disk when its directory is: fsync(2). */
export function syncDirectory(path: string): void {
  const directory = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

/** Root's, and readable by all, whatever the umask. */
export function makeDirectories(path: string): void {
  const mask = process.umask(0o022);
  try {
    mkdirSync(path, { recursive: true, mode: 0o755 });
  } catch (error) {
    if (errnoOf(error) !== "EROFS") throw error;
    throw new Error(
      `${path} cannot be made: the system is an image that nobody writes to. Without it the helper runs by sudo alone.`,
    );
  } finally {
    process.umask(mask);
  }
}

/** A directory that holds anything stays. */
export function removeEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch (error) {
    if (!["ENOTEMPTY", "ENOENT"].includes(errnoOf(error))) throw error;
  }
}
