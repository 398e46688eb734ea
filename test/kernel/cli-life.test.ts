import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, test } from "node:test";
import { freeze } from "../../helper/limits/freezer.ts";
import { eventually, inspect, list, startSandbox, terrarium, uniqueName } from "./cli.ts";
import { needsRoot } from "./isolated.ts";

const state = async (name: string) =>
  (await list()).find((sandbox) => sandbox.name === name)?.state;

describe("terrarium run --timeout", needsRoot, () => {
  test("ends a foreground command with 124", async () => {
    const { code } = await terrarium.run(["run", "--timeout", "300ms", "--", "sleep", "600"]);
    assert.equal(code, 124);
  });

  test("needs no helper: a detached sandbox ends by itself", async (t) => {
    const { name } = await startSandbox(t, ["--timeout", "300ms"], ["sleep", "600"]);
    await eventually("it has ended", async () => (await state(name)) === "exited");
    assert.equal((await inspect(name)).exitCode, 124);
  });

  test("ends a paused sandbox too", async (t) => {
    const { name } = await startSandbox(t, ["--timeout", "3s"], ["sleep", "600"]);
    assert.equal((await terrarium.run(["pause", name])).code, 0);
    assert.equal(await state(name), "paused");
    await eventually("it has ended", async () => (await state(name)) === "exited");
    assert.equal((await inspect(name)).exitCode, 124);
  });

  test("thaws what version 1's freezer holds, for only then it can die", async (t) => {
    const { name } = await startSandbox(t, ["--timeout", "3s"], ["sleep", "600"]);
    const directory = (await inspect(name)).cgroups["freezer"];
    if (directory === undefined) return t.skip("this host has no version 1 freezer");
    assert.equal(freeze([directory]), true);
    await eventually("it has ended", async () => (await state(name)) === "exited");
    assert.equal((await inspect(name)).exitCode, 124);
  });

  test("refuses what is no duration", async () => {
    const { code, stderr } = await terrarium.run(["run", "--timeout", "soon", "--", "true"]);
    assert.equal(code, 125);
    assert.match(stderr, /--timeout soon is no duration\n {2}It is written 90s, 30m or 1h30m/);
  });
});

describe("terrarium run --die-with-parent", needsRoot, () => {
  test("ends the sandbox when the client is killed", async () => {
    const name = uniqueName();
    const words = ["run", "--die-with-parent", "--name", name, "--", "sleep", "600"];
    const client = terrarium.start(words);
    await eventually("it runs", async () => (await state(name)) === "running");
    client.kill("SIGKILL");
    await once(client, "close");
    await eventually("it is gone", async () => (await state(name)) === undefined);
  });

  test("cannot stand beside -d", async () => {
    const { code, stderr } = await terrarium.run(["run", "-d", "--die-with-parent", "--", "true"]);
    assert.equal(code, 125);
    assert.match(stderr, /-d cannot stand beside --die-with-parent/);
  });
});
