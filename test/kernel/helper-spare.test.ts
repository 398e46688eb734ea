import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { describe, type TestContext, test } from "node:test";
import { connectClient } from "../../helper/cli/connect.ts";
import { eventually, terrarium } from "./cli.ts";
import { needsRoot } from "./isolated.ts";
import { childrenOf, isAlive, statusOf } from "./launcher.ts";

async function startHelper(t: TestContext) {
  const helper = terrarium.start(["helper", "--stdio"]);
  const ended = once(helper, "exit");
  t.after(async () => {
    helper.kill("SIGKILL");
    await ended;
  });
  const connection = await connectClient({ input: helper.stdout, output: helper.stdin }, "test");
  const monitors: number[] = [];
  /** Answers the launcher that holds the new sandbox: its monitor. */
  const create = async () => {
    const spec = { args: ["sleep", "600"] };
    const { sandbox } = await connection.request("sandbox/create", { spec, stdio: "none" });
    t.after(() => terrarium.run(["rm", "-f", sandbox.id]));
    const monitor = Number(statusOf(sandbox.pid ?? 0, "PPid"));
    monitors.push(monitor);
    return monitor;
  };
  const spares = () =>
    childrenOf(helper.pid ?? 0).filter((pid) => isLauncher(pid) && !monitors.includes(pid));
  const spare = async () => {
    await eventually("there is a spare", () => spares().length === 1);
    return spares()[0] ?? 0;
  };
  return { helper, ended, create, spares, spare };
}

/** Between fork(2) and execve(2) a child is still a copy of its parent. */
function isLauncher(pid: number): boolean {
  return isAlive(pid) && commandLineOf(pid).includes("launcher");
}

function commandLineOf(pid: number): string {
  return readFileSync(`/proc/${pid}/cmdline`, "utf8");
}

describe("a launcher that was started beforehand", needsRoot, () => {
  test("is not there before the first sandbox, and makes the second", async (t) => {
    const { create, spares, spare } = await startHelper(t);
    assert.deepEqual(spares(), []);
    await create();
    const ready = await spare();
    assert.equal(await create(), ready);
    assert.notEqual(await spare(), ready);
  });

  test("has been told nothing: no word in its command line, no variable", async (t) => {
    const { create, spare } = await startHelper(t);
    await create();
    const pid = await spare();
    assert.match(commandLineOf(pid), /^[^\0]*\/launcher\0--args\0[0-9]+\0$/);
    assert.equal(readFileSync(`/proc/${pid}/environ`, "utf8"), "");
  });

  test("ends with its helper, also when that is killed", async (t) => {
    const { helper, ended, create, spare } = await startHelper(t);
    await create();
    const pid = await spare();
    helper.kill("SIGKILL");
    await ended;
    await eventually("the spare has ended", () => !isAlive(pid));
  });

  test("is replaced when somebody kills it", async (t) => {
    const { create, spare } = await startHelper(t);
    await create();
    const killed = await spare();
    process.kill(killed, "SIGKILL");
    await eventually("its helper has reaped it", () => !isAlive(killed));
    assert.notEqual(await create(), killed);
  });
});
