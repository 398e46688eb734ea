import assert from "node:assert/strict";
import { chmodSync, copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { makeCgroup } from "./cgroup-limits.ts";
import { terrarium, uniqueName } from "./cli.ts";
import { needsRoot, startIsolated } from "./isolated.ts";

/** An escape sequence, a character that reorders what follows (CVE-2021-42574), and a new line. */
const hostile = "\u001b[2J\u202egnp\n";
const steering = /[\p{C}\p{Zl}\p{Zp}]/u;

/** A process that chose such a name, in a cgroup, in a folder and with a mount of such names. */
async function startHostile(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), `hostile${hostile}-`));
  t.after(() => rmSync(folder, { recursive: true }));
  chmodSync(folder, 0o755);
  const program = join(folder, `a${hostile}`);
  copyFileSync("/bin/sleep", program);
  const mount = join(folder, `m${hostile}`);
  const script = `mkdir '${mount}'; mount -t tmpfs '${hostile}' '${mount}'; cd '${mount}'
    read -r pid rest < /proc/self/stat; echo "$pid"; exec '${program}' 600`;
  const { pid } = await startIsolated(t, ["--mount"], script);
  const path = `${uniqueName()}${hostile.trim()}`;
  // After the process, which is to end before it is removed.
  makeCgroup(t, path, "cpu", "memory", "pids").write("cgroup.procs", `${pid}`);
  return { pid: `${pid}`, path: `/${path}` };
}

describe("a process, a cgroup, a mount and a program that want to steer", needsRoot, () => {
  test("do so in no list, no table, no question and no error of the client's", async (t) => {
    const { pid, path } = await startHostile(t);
    const commands = [
      ["ns"],
      ["cgroups"],
      ["top", "-n", "1"],
      ["inspect", pid],
      ["inspect", "--isolation", pid],
      ...[pid, path].flatMap((target) => [
        ["limits", target],
        ["stats", target],
        ["events", "--no-follow", target],
        ["update", target, "--pids-limit", "99"],
        ["update", "-y", target, "--pids-limit", "99"],
      ]),
      ["limits", hostile],
      ["rm", hostile],
      [hostile],
    ];
    for (const words of commands) {
      const { stdout, stderr } = await terrarium.run(words);
      const lines = `${stdout}${stderr}`.split("\n");
      assert.deepEqual(
        lines.filter((line) => steering.test(line)),
        [],
        words.join(" "),
      );
    }
    const { stdout } = await terrarium.run(["inspect", pid]);
    assert.match(stdout, /gnp/, "it was there to be shown");
  });
});
