import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { freeze } from "../../helper/limits/freezer.ts";
import { mainProcess } from "../../helper/protocol/processes.ts";
import { clientOfUser, eventually, inspect, list, startSandbox, terrarium } from "./cli.ts";
import { needsRoot, strangerId } from "./isolated.ts";

/** A shell that counts in a file of its own /tmp, and tells how far it is. */
const counting = ["sh", "-c", "while :; do echo >> /tmp/count; sleep 0.01; done"];

async function counted(name: string): Promise<number> {
  const main = mainProcess((await inspect(name)).processes);
  return readFileSync(`/proc/${main?.pid}/root/tmp/count`, "utf8").length;
}

async function state(name: string): Promise<string | undefined> {
  return (await list()).find((sandbox) => sandbox.name === name)?.state;
}

async function pause(name: string): Promise<void> {
  const { code, stderr } = await terrarium.run(["pause", name]);
  assert.equal(code, 0, stderr);
}

describe("a paused sandbox", needsRoot, () => {
  test("stands still, is listed as paused, and goes on where it was", async (t) => {
    const { name } = await startSandbox(t, [], counting);
    await eventually("it counts", async () => (await counted(name).catch(() => 0)) > 2);
    await pause(name);
    assert.equal(await state(name), "paused");
    const before = await counted(name);
    // Each inspection starts a program: far more time than the sandbox needs for its next line.
    assert.equal(await counted(name), before);
    assert.equal((await terrarium.run(["unpause", name])).code, 0);
    assert.equal(await state(name), "running");
    await eventually("it counts on", async () => (await counted(name)) > before);
  });

  test("row 29: refuses exec with a sentence that names the way out", async (t) => {
    const { name } = await startSandbox(t, [], ["sleep", "600"]);
    await pause(name);
    const { code, stderr } = await terrarium.run(["exec", name, "--", "true"]);
    assert.equal(code, 125);
    assert.equal(
      stderr.trim(),
      `terrarium: Sandbox "${name}" is paused. "terrarium unpause ${name}" lets it run again.`,
    );
  });

  test("row 29: refuses whoever would enter it by a process id", async (t) => {
    const { name } = await startSandbox(t, [], ["sleep", "600"]);
    const { pid } = await inspect(name);
    await pause(name);
    const { code, stderr } = await terrarium.run(["enter", `${pid}`, "--", "true"]);
    assert.equal(code, 125);
    assert.match(stderr, new RegExp(`Process ${pid} is paused, and so would be what enters it`));
    const only = await terrarium.run(["enter", `${pid}`, "--only", "uts", "--", "hostname"]);
    assert.equal(only.stdout, `terrarium-${name}\n`);
  });

  test("cannot be paused again, and one that runs cannot be resumed", async (t) => {
    const { name } = await startSandbox(t, [], ["sleep", "600"]);
    assert.match((await terrarium.run(["unpause", name])).stderr, /is not paused/);
    await pause(name);
    assert.match((await terrarium.run(["pause", name])).stderr, /is paused/);
  });

  for (const [words, ending] of [
    [["stop"], [7, undefined]],
    [["kill"], [137, "SIGKILL"]],
  ] as const) {
    test(`heeds ${words[0]}`, async (t) => {
      const { name } = await startSandbox(
        t,
        [],
        ["sh", "-c", "trap 'exit 7' TERM; while :; do sleep 0.05; done"],
      );
      await pause(name);
      assert.equal((await terrarium.run([...words, name])).code, 0);
      await eventually("it has ended", async () => (await state(name)) === "exited");
      const { exitCode, exitSignal } = await inspect(name);
      assert.deepEqual([exitCode, exitSignal], ending);
    });
  }

  test("can be removed by force, with its cgroups", async (t) => {
    const { name } = await startSandbox(t, [], ["sleep", "600"]);
    await pause(name);
    assert.equal((await terrarium.run(["rm", "-f", name])).code, 0);
    assert.equal(await state(name), undefined);
  });

  test("whose monitor is killed is removed by the next list", async (t) => {
    const { name } = await startSandbox(t, [], ["sleep", "600"]);
    const monitor = (await inspect(name)).processes[0]?.parentPid;
    assert.ok(monitor);
    await pause(name);
    process.kill(monitor, "SIGKILL");
    await eventually("it is gone", async () => (await state(name)) === undefined);
  });
});

describe("the freezer of cgroup version 1", needsRoot, () => {
  test("holds a sandbox as version 2's does, and every way to end it thaws it", async (t) => {
    const { name } = await startSandbox(t, [], ["sleep", "600"]);
    const directory = (await inspect(name)).cgroups["freezer"];
    if (directory === undefined) return t.skip("this host has no version 1 freezer");
    assert.equal(freeze([directory]), true);
    assert.equal(readFileSync(`${directory}/freezer.state`, "utf8"), "FROZEN\n");
    assert.equal(await state(name), "paused");
    assert.equal((await terrarium.run(["stop", name])).code, 0);
    assert.equal(await state(name), "exited");
  });
});

describe("a sandbox without a cgroup", needsRoot, () => {
  const client = clientOfUser(strangerId);

  test("says what pausing it would need", async (t) => {
    const { name } = await startSandbox(t, [], ["sleep", "600"], client);
    const { code, stderr } = await client.run(["pause", name]);
    assert.equal(code, 125);
    assert.match(stderr, /it needs a cgroup of its own with a freezer/);
    assert.match(stderr, /systemd-run --user/);
  });
});

describe("a signal", needsRoot, () => {
  for (const [spelled, expected] of [
    ["USR1", "USR1"],
    ["SIGHUP", "HUP"],
    ["10", "USR1"],
    ["winch", "WINCH"],
  ] as const) {
    test(`${spelled} reaches the command`, async (t) => {
      const traps = ["HUP", "USR1", "WINCH"].map(
        (name) => `trap 'echo ${name} > /tmp/got' ${name}`,
      );
      const { name } = await startSandbox(
        t,
        [],
        ["sh", "-c", `${traps.join("; ")}; echo ready > /tmp/got; while :; do sleep 0.02; done`],
      );
      const got = async () => {
        const main = mainProcess((await inspect(name)).processes);
        return readFileSync(`/proc/${main?.pid}/root/tmp/got`, "utf8").trim();
      };
      await eventually("the traps are set", async () => (await got().catch(() => "")) === "ready");
      assert.equal((await terrarium.run(["kill", "-s", spelled, name])).code, 0);
      await eventually(`it got ${expected}`, async () => (await got()) === expected);
    });
  }

  test("that is unknown is refused, with the nearest that is known", async () => {
    const { code, stderr } = await terrarium.run(["kill", "-s", "TREM", "x"]);
    assert.equal(code, 125);
    assert.match(stderr, /--signal TREM is unknown\n {2}Did you mean SIGTERM\?/);
  });
});
