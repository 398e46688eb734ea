import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { Limits } from "../../helper/protocol/limits.ts";
import { heldCgroups, sandboxPath } from "./held-cgroups.ts";

/**
 * Path of a new cgroup, in every hierarchy, with a shell that was in it before it began; once that has said
 * something. Both end with the test.
 */
export async function startInside(t: TestContext, limits: Limits, script: string): Promise<string> {
  const { id, cgroups } = await heldCgroups(t, limits);
  const shell = spawn("sh", ["-c", `read -r go; ${script}`], { stdio: ["pipe", "pipe", "ignore"] });
  t.after(() => shell.stdout.destroy());
  for (const { directory } of cgroups) {
    writeFileSync(join(directory, "cgroup.procs"), `${shell.pid}`);
  }
  shell.stdin.end("go\n");
  await once(shell.stdout, "data");
  return sandboxPath(id);
}
