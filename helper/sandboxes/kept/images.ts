import { constants, existsSync, readdirSync, renameSync, rmSync } from "node:fs";
import { copyFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { readStat } from "../../kernel/procfs.ts";
import { TerrariumError } from "../../protocol/errors.ts";
import { makePrivate } from "../privateDirectory.ts";
import { dataDirectory, removeTree } from "./dataDirectory.ts";
import { extract } from "./extract.ts";
import { readContent, readIdentity, readSource, writeSource } from "./tarball.ts";

/**
 * Root directories made of tarballs, each once, named by its content's hash. Sandboxes share them and never write
 * there: an overlay takes what they write.
 */
export function imagesDirectory(): string {
  return join(dataDirectory(), "images");
}

/** Where the tarball's files are, or will be. It is read only when no image is known to be of this very file. */
export async function imageDirectory(tarball: string): Promise<string> {
  const identity = await readIdentity(tarball);
  const known = finished().find((image) => readSource(image) === identity);
  return known ?? join(imagesDirectory(), (await readContent(tarball)).hash);
}

function finished(): readonly string[] {
  if (!existsSync(imagesDirectory())) return [];
  const names = readdirSync(imagesDirectory()).filter((name) => !name.startsWith("."));
  return names.map((name) => join(imagesDirectory(), name));
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
  if (!existsSync(image)) await makeImage(tarball, image, idBase);
  if (readSource(image) === (await readIdentity(tarball))) return;
  const { hash, identity } = await readContent(tarball);
  if (identity !== undefined && hash === basename(image)) writeSource(image, identity);
}

async function makeImage(tarball: string, image: string, idBase: number | undefined) {
  for (const directory of [dataDirectory(), imagesDirectory()]) makePrivate(directory);
  await removeAbandoned();
  const unfinished = join(imagesDirectory(), `.${process.pid}.${basename(image)}`);
  makePrivate(unfinished);
  try {
    const copy = join(unfinished, "archive");
    await copyFile(tarball, copy, constants.COPYFILE_FICLONE);
    if ((await readContent(copy)).hash !== basename(image))
      throw refused(tarball, "it changed while it was read");
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

function refused(path: string, reason: string): TerrariumError {
  return new TerrariumError("pathRefused", { path, reason });
}
