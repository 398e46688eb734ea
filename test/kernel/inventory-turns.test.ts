import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { readCgroupMounts } from "../../helper/kernel/cgroupfs.ts";
import { watchedTableNames } from "../../helper/protocol/inventoryChanges.ts";
import { makeTemporaryFolder } from "../rig/cache.ts";
import { checkout } from "../rig/prepare.mjs";
import { startHelper } from "./helper-process.ts";
import { needsRoot } from "./isolated.ts";
import { Held } from "./watching.ts";

/**
 * How much a helper that reads a whole host does before it looks whether somebody asks for something: the system
 * calls of its main thread between two turns of its loop (epoll_wait), by strace. Time is not looked at: a slice ends
 * by the clock, and of a machine that is slow it holds less.
 */

/** Beside these the rest of a host is little. A namespace takes nine calls where the iterator does not tell of it. */
const [processes, sets] = [300, 150];
const cgroups = 400;

/** A turn of a host of this size would else be more than ten thousand calls long. */
const mostCalls = 1_500;
const mostWatches = 200;

/** Without the kernel's types there is no iterator: this is the dearest way to read a host. */
const withoutIterator = `mount -t tmpfs none /sys/kernel/btf 2>/dev/null; exec "$@"`;

async function startCrowd(t: TestContext): Promise<void> {
  const folder = await makeTemporaryFolder("turns");
  const program = join(folder, "namespaces");
  const source = join(checkout, "test/bench/namespaces.c");
  execFileSync("gcc", ["-O1", "-static", "-o", program, source]);
  const crowd = spawn(program, [`${processes}`, `${sets}`], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(crowd, "exit");
  t.after(async () => {
    crowd.kill("SIGKILL");
    await ended;
    rmSync(folder, { recursive: true });
  });
  await once(crowd.stdout, "data");
}

function makeCgroups(t: TestContext): void {
  const { hierarchies } = readCgroupMounts();
  const mount = hierarchies.find(({ version }) => version === 2) ?? hierarchies[0];
  assert.ok(mount);
  const parent = join(mount.mountPoint, `turns-${process.pid}`);
  const names = Array.from({ length: cgroups }, (_, place) => join(parent, `${place}`));
  mkdirSync(parent);
  t.after(() => {
    for (const path of [...names, parent]) rmdirSync(path);
  });
  for (const path of names) mkdirSync(path);
}

/** Calls of each turn, by name. */
function turnsOf(trace: string): readonly (readonly string[])[] {
  const turns: string[][] = [[]];
  for (const [, call = ""] of trace.matchAll(/^(?:\d+ +)?(\w+)\(/gm)) {
    if (call.startsWith("epoll_")) turns.push([]);
    else turns.at(-1)?.push(call);
  }
  return turns;
}

describe("a helper that reads a whole host", needsRoot, () => {
  test("looks after few system calls whether somebody asks for something", async (t) => {
    await startCrowd(t);
    makeCgroups(t);
    const folder = await makeTemporaryFolder("trace");
    t.after(() => rmSync(folder, { recursive: true }));
    const trace = join(folder, "trace");
    const traced = ["strace", "-qq", "-s", "0", "-o", trace];
    const before = ["unshare", "--mount", "sh", "-c", withoutIterator, "sh", ...traced];
    const helper = await startHelper(before);
    t.after(() => helper.kill());
    // What it does to begin with, it does for nobody else.
    const begun = readFileSync(trace, "utf8").length;
    const ask = (tables: object) => helper.connection.request("inventory/watch", { tables });
    const held = new Held(ask);
    helper.connection.onNotification("inventory/didChange", held.take);
    await held.watch(...watchedTableNames);
    const isWhole = () =>
      held.rows("processes").size > processes && held.rows("namespaces").size > sets * 8;
    for (let attempt = 0; !isWhole() && attempt < 1_500; attempt += 1) await sleep(20);
    assert.ok(isWhole());
    const watches = () => (readFileSync(trace, "utf8").match(/^inotify_add_watch/gm) ?? []).length;
    for (let attempt = 0; watches() < cgroups && attempt < 500; attempt += 1) await sleep(20);
    const turns = turnsOf(readFileSync(trace, "utf8").slice(begun));
    const longest = Math.max(...turns.map(({ length }) => length));
    const opened = turns.map(
      (calls) => calls.filter((call) => call === "inotify_add_watch").length,
    );
    t.diagnostic(
      `${turns.length} turns; the longest ${longest} calls, ${Math.max(...opened)} watches`,
    );
    assert.ok(turns.flat().length > sets * 8, "it has read something");
    assert.ok(longest <= mostCalls, `${longest} system calls`);
    assert.ok(Math.max(...opened) <= mostWatches, `${Math.max(...opened)} watches`);
    assert.ok(opened.reduce((sum, count) => sum + count, 0) >= cgroups, "it watches them all");
  });
});
