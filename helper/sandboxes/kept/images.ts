import { createHash } from "node:crypto";
import {
  closeSync,
  constants,
  existsSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
} from "node:fs";
import { copyFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { readStat } from "../../kernel/procfs.ts";
import { TerrariumError } from "../../protocol/errors.ts";
import { makePrivate } from "../privateDirectory.ts";
import { dataDirectory, removeTree } from "./dataDirectory.ts";
import { extract } from "./extract.ts";

/**
 * Root directories made of tarballs, each once, named by its content's hash. Sandboxes share them and never write
 * there: an overlay takes what they write.
 */
export function imagesDirectory(): string {
  return join(dataDirectory(), "images");
}

/** Where the tarball's files are, or will be. */
export function imageDirectory(tarball: string): string {
  return join(imagesDirectory(), hashOf(tarball));
}

/**
 * Extracts a tarball that was not yet; `idBase`: ids of nobody's, for a helper that runs as root. Of a copy: who can
 * write to the tarball could put another in its place while tar reads, and give it the name of this one's content.
 */
export async function provideImage(
  tarball: string,
  image: string,
  idBase: number | undefined,
): Promise<void> {
  if (existsSync(image)) return;
  for (const directory of [dataDirectory(), imagesDirectory()]) makePrivate(directory);
  await removeAbandoned();
  const unfinished = join(imagesDirectory(), `.${process.pid}.${basename(image)}`);
  makePrivate(unfinished);
  try {
    const copy = join(unfinished, "archive");
    await copyFile(tarball, copy, constants.COPYFILE_FICLONE);
    if (imageDirectory(copy) !== image) throw refused(tarball, "it changed while it was read");
    makePrivate(join(unfinished, "root"));
    const complaint = await extract(copy, join(unfinished, "root"), idBase);
    if (complaint) throw refused(tarball, complaint);
    rmSync(copy);
    if (!existsSync(image)) renameSync(unfinished, image);
  } finally {
    await removeTree(unfinished);
  }
}

/** What a helper that was killed has left. */
async function removeAbandoned(): Promise<void> {
  const unfinished = readdirSync(imagesDirectory()).filter((name) => name.startsWith("."));
  for (const name of unfinished) {
    const maker = Number(name.split(".")[1]);
    if (!readStat(maker)) await removeTree(join(imagesDirectory(), name));
  }
}

const chunkBytes = 1024 * 1024;

function hashOf(path: string): string {
  const file = openSync(path, "r");
  try {
    const hash = createHash("sha256");
    const chunk = Buffer.alloc(chunkBytes);
    for (let count = 1; count > 0; ) {
      count = readSync(file, chunk);
      hash.update(chunk.subarray(0, count));
    }
    return hash.digest("hex");
  } finally {
    closeSync(file);
  }
}

function refused(path: string, reason: string): TerrariumError {
  return new TerrariumError("pathRefused", { path, reason });
}
