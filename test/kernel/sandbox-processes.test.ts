import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { eventually, inspect, list, terrarium, uniqueName } from "./cli.ts";
import { needsRoot } from "./isolated.ts";

/** A sandbox.json with these processes, and a name that the test removes. */
function write(t: TestContext, processes: readonly object[]): { name: string; file: string } {
  const folder = mkdtempSync(join(tmpdir(), "terrarium-processes-"));
  const name = uniqueName();
  const file = join(folder, "sandbox.json");
  writeFileSync(file, JSON.stringify({ name, processes }));
  t.after(async () => {
    await terrarium.run(["rm", "-f", name]);
    rmSync(folder, { recursive: true });
  });
  return { name, file };
}

const shell = (script: string) => ["sh", "-c", script];

describe("a sandbox of several processes", needsRoot, () => {
  test("writes to the client, in the order of `after`, and answers the failure's code", async (t) => {
    const { file } = write(t, [
      { name: "web", args: shell("echo web $$; exit 3"), after: ["db"] },
      { name: "db", args: shell("echo db $$; exec sleep 0.1") },
    ]);
    const { code, stdout } = await terrarium.run(["run", "--config", file]);
    assert.equal(code, 3);
    assert.deepEqual(stdout.trim().split("\n").sort(), ["db 2", "web 3"]);
  });

  test("shows each with its state, its host pid and its restarts", async (t) => {
    const { name, file } = write(t, [
      { name: "db", args: ["sleep", "600"] },
      { name: "app", args: shell("exit 7"), restart: "on-failure", after: ["db"] },
      { name: "once", args: ["true"] },
    ]);
    assert.equal((await terrarium.run(["run", "-d", "--config", file])).code, 0);
    await eventually("app was restarted", async () => {
      const { supervised } = await inspect(name);
      return (supervised[1]?.restarts ?? 0) > 0 && supervised[2]?.state === "exited";
    });
    const { supervised, processes, command } = await inspect(name);
    assert.equal(command, "db, app, once");
    assert.deepEqual(supervised[0], {
      name: "db",
      state: "running",
      pid: processes.find(({ command }) => command === "sleep")?.pid,
      restarts: 0,
    });
    assert.equal(supervised[1]?.exitCode, 7);
    assert.deepEqual([supervised[2]?.state, supervised[2]?.exitCode], ["exited", 0]);
    const { stdout } = await terrarium.run(["inspect", name]);
    assert.match(stdout, /^supervised +db {2}running as \d+$/m);
    assert.match(stdout, /^supervised +app {2}.*restarted \d+ times?, last ended with 7$/m);
  });

  test("takes exec, and ends all of them on stop", async (t) => {
    const trap = "trap 'exit 0' TERM; while :; do sleep 0.02; done";
    const { name, file } = write(t, [
      { name: "one", args: shell(trap), restart: "always" },
      { name: "two", args: shell(trap), restart: "always" },
    ]);
    assert.equal((await terrarium.run(["run", "-d", "--config", file])).code, 0);
    const { stdout } = await terrarium.run(["exec", name, "--", "cat", "/proc/1/comm"]);
    assert.equal(stdout, "terrarium-init\n");
    assert.equal((await terrarium.run(["stop", "--time", "600", name])).code, 0);
    const { state, exitCode, supervised } = await inspect(name);
    assert.deepEqual([state, exitCode], ["exited", 0]);
    assert.deepEqual(
      supervised.map(({ state }) => state),
      ["exited", "exited"],
    );
  });

  test("ends when its client goes away", async (t) => {
    const { name, file } = write(t, [{ name: "app", args: ["sleep", "600"], restart: "always" }]);
    const client = terrarium.start(["run", "--config", file, "--die-with-parent"]);
    const alive = async () => (await list()).some((sandbox) => sandbox.name === name);
    await eventually("it runs", alive);
    client.kill("SIGKILL");
    await eventually("it is gone", async () => !(await alive()));
  });

  test("is refused beside a command, in one sentence", async (t) => {
    const { file } = write(t, [{ name: "app", args: ["true"] }]);
    const { code, stderr } = await terrarium.run(["run", "--config", file, "--", "true"]);
    assert.equal(code, 125);
    assert.equal(stderr, "terrarium: Give either a command or processes, not both.\n");
  });

  test("starts nothing when one of them cannot be executed", async (t) => {
    const { name, file } = write(t, [
      { name: "app", args: ["sleep", "600"] },
      { name: "bad", args: ["no-such-program"] },
    ]);
    const { code, stderr } = await terrarium.run(["run", "-d", "--config", file]);
    assert.equal(code, 127);
    assert.match(stderr, /There is no command "no-such-program" inside/);
    await eventually("nothing is left", async () =>
      (await list()).every((sandbox) => sandbox.name !== name),
    );
  });
});
