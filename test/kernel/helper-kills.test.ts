import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, type TestContext, test } from "node:test";
import { readIdMap } from "../../helper/kernel/procfs.ts";
import type { SandboxSummary } from "../../helper/protocol/inventory.ts";
import { eventually, list, terrarium, uniqueName } from "./cli.ts";
import { startHelper } from "./helper-process.ts";
import { needsRoot } from "./isolated.ts";
import { KillWindow } from "./kill-window.ts";
import { assertNothingLeft, takeInventory } from "./leftovers.ts";
import { randomFrom } from "./random.ts";

/** TERRARIUM_SEED runs another choice of requests and moments; the kernel's own timing is never the same. */
const seed = Number(process.env["TERRARIUM_SEED"] ?? 7);
const kills = Number(process.env["TERRARIUM_KILLS"] ?? 1_000);
/** After so many kills in a window a command line looks, which adopts and removes as a helper does. */
const commandEvery = 20;
/** What takes long enough to be met in the middle. */
const kinds = ["create", "exec", "limits", "list", "remove", "stop"];

describe("two windows and a command line on one registry", needsRoot, () => {
  test(`lose nothing and leave nothing when their helpers are killed ${kills} times`, {
    timeout: 600_000,
  }, async (t) => {
    t.diagnostic(`seed ${seed}`);
    const before = takeInventory();
    const terminal = await openTerminal(t);
    const title = uniqueName();
    const windows = ["a", "b"].map(
      (name, place) => new KillWindow(`${title}-${name}-`, randomFrom(seed * 2 + place)),
    );
    t.after(() => removeAll(title));
    const runs = await Promise.allSettled(windows.map((window) => runWindow(window)));
    for (const run of runs) if (run.status === "rejected") throw run.reason;

    const left = await list();
    for (const window of windows) window.check(left);
    assert.deepEqual(sharedRanges(left), []);
    const met = windows.flatMap((window) => [...window.met.keys()]);
    assert.deepEqual(
      kinds.filter((kind) => !met.includes(kind)),
      [],
    );
    await terminal.stillAnswers();

    await removeAll(title);
    await terminal.end();
    await assertNothingLeft(before);
  });
});

async function runWindow(window: KillWindow): Promise<void> {
  for (let round = 0; round < kills / 2; round += 1) {
    await window.round();
    if (round % commandEvery === 0) window.check(await list());
  }
}

async function removeAll(title: string): Promise<void> {
  const own = (await list()).filter(({ name }) => name.startsWith(title));
  for (const { name } of own) {
    const { code, stderr } = await terrarium.run(["rm", "-f", name]);
    // The last helper may have died with a stop on its way, whose sandbox goes by itself.
    if (!stderr.includes("There is no sandbox")) assert.equal(code, 0, stderr);
  }
}

/** Ranges of the host's user ids that two sandboxes have, which two helpers chose at once. */
function sharedRanges(sandboxes: readonly SandboxSummary[]): readonly string[] {
  const ranges = sandboxes.flatMap(({ pid }) => (pid === undefined ? [] : rangesOf(pid)));
  return ranges.filter((range, place) => ranges.indexOf(range) !== place);
}

/** The host's first id of each line of user_namespaces(7)'s uid_map; none of a sandbox that has ended since. */
function rangesOf(pid: number): readonly string[] {
  const lines = readIdMap(pid, "uid_map");
  return [...new Set(lines.map(([, outside]) => `${outside}`))];
}

/** A shell in a terminal, whose helper is the first to be killed. */
async function openTerminal(t: TestContext) {
  const helper = await startHelper();
  const spec = { name: uniqueName(), args: ["cat"] };
  const { attach } = await helper.connection.request("sandbox/create", { spec });
  assert.ok(attach);
  const line = [attach.command, ...attach.args].map((word) => `'${word}'`).join(" ");
  const script = spawn("script", ["-qec", line, "/dev/null"]);
  t.after(() => script.kill("SIGKILL"));
  t.after(() => terrarium.run(["rm", "-f", spec.name]));
  const ended = once(script, "exit");
  let output = "";
  script.stdout.on("data", (text) => {
    output += text;
  });
  const answers = (words: string) => {
    script.stdin.write(`${words}\n`);
    // Once by the terminal's own echo, once by cat.
    return eventually(`the terminal answers ${words}`, () => output.split(words).length > 2);
  };
  await answers("before");
  await helper.kill();
  return {
    stillAnswers: () => answers("after"),
    end: async () => {
      script.stdin.write("\u0004");
      await ended;
    },
  };
}
