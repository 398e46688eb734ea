import { readFileSync } from "node:fs";
import type { Kept } from "./reader.ts";

/** A hundred cgroups with all their files: a panel, a tree, the sandboxes of a person. */
const generous = 2_000;
/** Of those that the process may have; the rest is for connections, terminals and launchers. */
const largestPart = 3 / 4;

/** What the next reader may keep open, from the descriptors that others hold already. */
export function keptBeside(held: number): Kept {
  if (held < generous) return "all";
  return held < largestPart * limit() ? "often" : "none";
}

/** Node raises its soft limit to the hard one when it starts. */
function limit(): number {
  softLimit ??= Number(
    /^Max open files +(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1] ?? 1024,
  );
  return softLimit;
}
let softLimit: number | undefined;
