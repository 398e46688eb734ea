import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { starterName } from "./places.ts";

/** What the starter of an installation says against it; undefined where it is whole. Anybody may ask. */
export function whyNotWhole(directory: string): string | undefined {
  const starter = join(directory, starterName);
  const { status, stderr, error } = spawnSync(starter, ["--check"], { encoding: "utf8", env: {} });
  if (status === 0) return undefined;
  return error?.message ?? (stderr.split("\n")[0] ?? "").replace(/^terrarium: /, "");
}
