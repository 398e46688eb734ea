import { mkdir, mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { checkout } from "./prepare.mjs";

/** What the rig downloads and writes: git-ignored, on the same file system as the checkout. */
export const cache = join(checkout, ".vscode-test");

/** A new folder, for the caller to remove. */
export async function makeTemporaryFolder(purpose: string): Promise<string> {
  await mkdir(cache, { recursive: true });
  return mkdtemp(join(cache, `${purpose}-`));
}
