import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { createCgroups, killCgroup, removeCgroups } from "../../helper/limits/cgroups.ts";
import type { Limits } from "../../helper/protocol/limits.ts";

/**
 * Path of a new cgroup, in every hierarchy, with a shell that was in it before it began; once that has said
 * something. Both end with the test.
 */
export async function startInside(t: TestContext, limits: Limits, script: string): Promise<string> {
  const id = randomBytes(6).toString("hex");
  const cgroups = createCgroups(id, limits);
  t.after(() => {
    killCgroup(id);
    removeCgroups(id);
  });
  const shell = spawn("sh", ["-c", `read -r go; ${script}`], { stdio: ["pipe", "pipe", "ignore"] });
  t.after(() => shell.stdout.destroy());
  for (const { directory } of cgroups) {
    writeFileSync(join(directory, "cgroup.procs"), `${shell.pid}`);
  }
  shell.stdin.end("go\n");
  await once(shell.stdout, "data");
  return `/terrarium/${id}`;
}
