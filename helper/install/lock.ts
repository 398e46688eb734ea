import { closeSync, constants, openSync } from "node:fs";
import { tryLock } from "../kernel/libc.ts";
import { assertClosed } from "./closed.ts";
import { versionsDirectory } from "./places.ts";
import { makeDirectories, removeEmpty } from "./writeAside.ts";

/**
 * One at a time on this machine, by flock(2) of the directory: the kernel gives it up when its holder ends. False where
 * somebody else is at it. A directory that holds nothing is not kept.
 */
export function alone(work: () => void): boolean {
  assertClosed(versionsDirectory);
  makeDirectories(versionsDirectory);
  const directory = openSync(versionsDirectory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    if (!tryLock(directory)) return false;
    work();
    return true;
  } finally {
    closeSync(directory);
    removeEmpty(versionsDirectory);
  }
}
