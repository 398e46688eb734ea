import { chmodSync, lstatSync, mkdirSync } from "node:fs";
import { errnoOf } from "../kernel/errors.ts";
import { TerrariumError } from "../protocol/errors.ts";

const privateMode = 0o700;

/** Makes (or finds) a directory of this user's alone, and refuses one that somebody else could have prepared. */
export function makePrivate(directory: string): void {
  make(directory);
  const found = lstatSync(directory);
  if (!found.isDirectory() || found.uid !== process.geteuid?.()) {
    throw new TerrariumError("pathRefused", {
      path: directory,
      reason: "it must be a directory that belongs to this user; somebody else made it",
    });
  }
  if ((found.mode & 0o777) !== privateMode) chmodSync(directory, privateMode);
}

function make(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: privateMode });
  } catch (error) {
    const reason = `it cannot be made (${errnoOf(error)})`;
    throw new TerrariumError("pathRefused", { path: directory, reason });
  }
}
