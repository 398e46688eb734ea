import { execFileSync } from "node:child_process";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { launcherPath } from "./launcher.ts";

/** What a kernel lacks, or a filter around us hides. */
export interface Missing {
  readonly missing: readonly string[];
  readonly answer?: "ENOSYS" | "EPERM";
}

/** Of Linux 5.2 and 5.12. */
export const mountCalls: readonly string[] = [
  ...["open_tree", "move_mount", "mount_setattr"],
  ...["fsopen", "fsconfig", "fsmount"],
];

/** attacks/without.c for these calls, which stands in for the program. */
export function buildWithout(
  directory: string,
  { missing, answer = "ENOSYS" }: Missing,
  program = copyOfLauncher(directory),
): string {
  const built = join(directory, [answer, ...missing].join("-"));
  const source = fileURLToPath(new URL("attacks/without.c", import.meta.url));
  const numbers = missing.map((name) => `SYS_${name}`).join(",");
  const defines = [`-DLAUNCHER="${program}"`, `-DMISSING=${numbers}`, `-DANSWER=${answer}`];
  execFileSync("gcc", ["-O1", "-o", built, ...defines, source]);
  return built;
}

/** The checkout may lie where the ordinary users of the tests may not look. */
function copyOfLauncher(directory: string): string {
  const copy = join(directory, "launcher");
  copyFileSync(launcherPath, copy);
  return copy;
}
