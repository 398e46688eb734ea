import assert from "node:assert/strict";
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { describe, type TestContext, test } from "node:test";
import type { InventoryChange } from "../../helper/protocol/inventoryChanges.ts";
import { eventually, startSandbox, terrarium } from "./cli.ts";
import { needsRoot, startIsolated } from "./isolated.ts";

interface Watching {
  readonly child: ChildProcessWithoutNullStreams;
  readonly lines: readonly string[];
}

function watch(t: TestContext, words: readonly string[]): Watching {
  const child = terrarium.start([...words, "--watch"]);
  t.after(() => child.kill("SIGKILL"));
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => lines.push(line));
  return { child, lines };
}

async function interrupt({ child }: Watching): Promise<void> {
  const ended = once(child, "exit");
  child.kill("SIGINT");
  assert.deepEqual(await ended, [0, null]);
}

describe("what is watched on the command line", needsRoot, () => {
  test("goes on as a document of changes a line", async (t) => {
    const watching = watch(t, ["ps", "--json"]);
    await eventually("the first document", () => watching.lines.length > 0);
    const { name } = await startSandbox(t, [], ["sleep", "600"]);
    await eventually("the new sandbox", () =>
      watching.lines
        .map((line): InventoryChange => JSON.parse(line))
        .some(({ tables }) => tables.sandboxes?.put.some((sandbox) => sandbox.name === name)),
    );
    await interrupt(watching);
  });

  test("is shown anew when it changes", async (t) => {
    const watching = watch(t, ["ns", "-t", "uts"]);
    await eventually("the first table", () => watching.lines.some((line) => / uts /.test(line)));
    const { pid } = await startIsolated(t, ["--user", "--uts"]);
    await eventually("its namespace", () =>
      watching.lines.some((line) => new RegExp(` uts .* ${pid} `).test(line)),
    );
    assert.ok(!watching.lines.some((line) => / (net|mnt) /.test(line)));
    await interrupt(watching);
  });

  test("cannot be the namespaces of sockets", async () => {
    const { code, stderr } = await terrarium.run(["ns", "--watch", "--sockets"]);
    assert.equal(code, 125);
    assert.match(stderr, /--sockets cannot be watched/);
  });
});
