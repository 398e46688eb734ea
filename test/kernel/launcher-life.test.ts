import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { describe, test } from "node:test";
import { asRoot, launch, runShell, startSleeper } from "./launcher.ts";

describe("launcher run --timeout", asRoot, () => {
  test("ends the command with SIGTERM and answers 124", async () => {
    const { code, stdout, events } = await runShell(
      "trap 'echo asked; exit 3' TERM; while :; do sleep 0.02; done",
      ["--timeout", "300"],
    );
    assert.deepEqual([code, stdout], [124, "asked\n"]);
    assert.deepEqual(events.at(-1), { event: "exit", code: 124, signal: null });
  });

  test("kills what does not heed the SIGTERM", async () => {
    const { code } = await runShell("trap '' TERM; while :; do sleep 0.02; done", [
      ...["--timeout", "300", "--timeout-grace", "100"],
    ]);
    assert.equal(code, 124);
  });

  test("ends a command that is PID 1 and ignores SIGTERM as every PID 1 does", async () => {
    const options = ["--no-init", "--timeout", "300", "--timeout-grace", "100"];
    assert.equal((await runShell("while :; do sleep 0.02; done", options)).code, 124);
  });

  test("leaves the exit code of a command that is faster alone", async () => {
    assert.equal((await runShell("exit 7", ["--timeout", "60000"])).code, 7);
  });

  test("refuses what is no number of milliseconds", async () => {
    const { code, events } = await launch(["run", "--timeout", "-1", "--", "true"]);
    assert.equal(code, 125);
    assert.match(events[0]?.hint ?? "", /--timeout: '-1' is not a number/);
  });
});

describe("launcher run --die-with", asRoot, () => {
  test("kills the sandbox when that process is killed", async (t) => {
    const partner = spawn("sleep", ["600"]);
    t.after(() => partner.kill("SIGKILL"));
    const { session, command } = await startSleeper(["--die-with", `${partner.pid}`]);
    assert.ok(existsSync(`/proc/${command}`));
    partner.kill("SIGKILL");
    assert.equal((await session.ended).code, 137);
    assert.ok(!existsSync(`/proc/${command}`));
  });

  test("refuses a process that is gone", async () => {
    const partner = spawn("true");
    await once(partner, "exit");
    const { code, events } = await launch(["run", "--die-with", `${partner.pid}`, "--", "true"]);
    assert.equal(code, 125);
    assert.equal(events[0]?.stage, "die-with");
    assert.equal(events[0]?.errno, "ESRCH");
  });
});
