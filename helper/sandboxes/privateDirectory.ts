import { chmodSync, lstatSync, mkdirSync } from "node:fs";
import { errnoOf } from "../kernel/errors.ts";
import { TerrariumError } from "../protocol/errors.ts";

const privateMode = 0o700;

/** Others may pass to what is theirs in it, and neither see nor change what else is there. */
const passageMode = 0o711;

/** Makes (or finds) a directory of this user's alone, and refuses one that somebody else could have prepared. */
export function makePrivate(directory: string): void {
  makeOwn(directory, privateMode);
}

/** The same, for root's, in which there are sockets for others. */
export function makePassage(directory: string): void {
  makeOwn(directory, passageMode);
}

function makeOwn(directory: string, mode: number): void {
  make(directory, mode);
  const found = lstatSync(directory);
  if (!found.isDirectory() || found.uid !== process.geteuid?.()) {
    throw new TerrariumError("pathRefused", {
      path: directory,
      reason: "it must be a directory that belongs to this user; somebody else made it",
    });
  }
  if ((found.mode & 0o777) !== mode) chmodSync(directory, mode);
}

function make(directory: string, mode: number): void {
  try {
    mkdirSync(directory, { recursive: true, mode });
  } catch (error) {
    const reason = `it cannot be made (${errnoOf(error)})`;
    throw new TerrariumError("pathRefused", { path: directory, reason });
  }
}
