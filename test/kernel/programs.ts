import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync } from "node:fs";
import { basename, join } from "node:path";
import { cache } from "../rig/cache.ts";

/** What test/vm/inside.ts has built beforehand, for a machine without a compiler. */
export const prebuilt = join(cache, "prebuilt");

/** A static program from one source file. */
export function buildStatic(source: string, output: string): void {
  const built = join(prebuilt, basename(source, ".c"));
  if (existsSync(built)) copyFileSync(built, output);
  else execFileSync("gcc", ["-O1", "-static", "-o", output, source]);
}
