import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { describe, test } from "node:test";
import type { HostContainer } from "../../helper/protocol/hostTables.ts";
import type { SandboxSummary } from "../../helper/protocol/inventory.ts";
import { type Cleanup, eventually, json, startSandbox, terrarium } from "./cli.ts";
import { needsRoot } from "./isolated.ts";

interface Everything {
  readonly sandboxes: readonly SandboxSummary[];
  readonly containers: readonly HostContainer[];
}

const options = existsSync("/usr/bin/bwrap")
  ? needsRoot
  : { ...needsRoot, skip: "bwrap is not installed" };

describe("ps -A", options, () => {
  test("lists our sandboxes once, and the containers of other engines beside them", async (t) => {
    const { name, id } = await startSandbox(t, ["-m", "64m"], ["sleep", "600"]);
    startBubblewrap(t);
    await eventually("bubblewrap's container", async () => {
      const { containers } = await json<Everything>(["ps", "-A"]);
      return containers.some(({ engine }) => engine === "bubblewrap");
    });
    const { sandboxes, containers } = await json<Everything>(["ps", "-A"]);
    assert.ok(sandboxes.some((one) => one.id === id));
    assert.ok(containers.every((one) => one.id !== id));
    const { stdout } = await terrarium.run(["ps", "-A"]);
    const [titles = "", ...lines] = stdout.trimEnd().split("\n");
    assert.match(titles, /^ID +NAME +ENGINE +STATE +PID +PROCESSES +MEMORY +CREATED /);
    const ours = lines.filter((line) => line.includes(name));
    assert.equal(ours.length, 1, stdout);
    assert.match(ours[0] ?? "", new RegExp(`^${id} +${name} +terrarium +running .* of 64 MB `));
    assert.ok(
      lines.some((line) => / bubblewrap +running +\d+ .*own pid/.test(line)),
      stdout,
    );
    assert.doesNotMatch((await terrarium.run(["ps"])).stdout, /bubblewrap|ENGINE/);
  });
});

function startBubblewrap(t: Cleanup): void {
  const words = ["--unshare-pid", "--unshare-net", "--die-with-parent", "--ro-bind", "/", "/"];
  const child = spawn("/usr/bin/bwrap", [...words, "sleep", "600"], { stdio: "ignore" });
  t.after(() => void child.kill("SIGKILL"));
}
