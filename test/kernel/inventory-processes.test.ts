import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { KeptRows } from "../../helper/inventory/keptRows.ts";
import { processFact } from "../../helper/inventory/processes.ts";
import { findNone, readSnapshot } from "../../helper/inventory/snapshot.ts";
import { KeptTasks } from "../../helper/inventory/watch/keptTasks.ts";
import type { HostProcess } from "../../helper/protocol/hostTables.ts";

async function start(t: TestContext, argv: readonly [string, ...string[]]): Promise<number> {
  const [file, ...args] = argv;
  const child = spawn(file, args, { stdio: "ignore" });
  await once(child, "spawn");
  const ended = once(child, "exit");
  t.after(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  assert.ok(child.pid);
  return child.pid;
}

test("this process is listed with what the kernel says of it", () => {
  const found = readSnapshot().processes.find(({ pid }) => pid === process.pid);
  assert.equal(found?.parentPid, process.ppid);
  assert.equal(found.uid, process.geteuid?.());
  assert.ok(found.startTimeTicks > 0);
});

test("a row is the same object as long as its process is kept, and made anew for who keeps none", () => {
  const { parts, processes } = readSnapshot();
  const kept = new KeptRows();
  const look = (tasks = parts.tasks.tasks) =>
    readSnapshot({ ...parts, tasks: { ...parts.tasks, tasks } }, findNone, kept).processes;
  const isSame = (row: HostProcess, place: number) => row === first[place];
  const first = look();
  assert.deepEqual(first, processes);
  assert.ok(look().every(isSame));
  assert.ok(!processes.some(isSame));
  const [task] = parts.tasks.tasks;
  assert.ok(task && look([task]).every(isSame));
  const [again, ...others] = look();
  assert.equal(again, first[0]);
  assert.ok(others.length > 0 && !others.some((row, place) => isSame(row, place + 1)));
});

test("those that are kept stand in the order of a reading of all, whenever each was read", async (t) => {
  const pids = [await start(t, ["sleep", "600"]), await start(t, ["sleep", "600"])];
  const kept = new KeptTasks();
  for (const pid of pids.toSorted((a, b) => b - a)) await kept.readSome(new Set([pid]));
  const isOne = ({ pid }: { readonly pid: number }) => pids.includes(pid);
  assert.deepEqual(
    kept.table.tasks.map(({ pid }) => pid),
    readSnapshot()
      .processes.filter(isOne)
      .map(({ pid }) => pid),
  );
});

test("a process whose name is an attack is listed with a harmless one", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "terrarium-name-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const file = join(directory, "a\u001b]0;) S 1\n");
  symlinkSync("/bin/sleep", file);
  const pid = await start(t, [file, "600"]);
  const fact = processFact(pid);
  assert.equal(fact?.command, "a\uFFFD]0;) S 1\uFFFD");
  assert.equal(fact.parentPid, process.pid);
  assert.ok(fact.commandLine.endsWith("a\uFFFD]0;) S 1\uFFFD 600"));
});

test("row 32: an endless command line is cut", async (t) => {
  const pid = await start(t, ["sleep", "600", ...Array<string>(1000).fill(`${"0".repeat(100)}`)]);
  assert.equal(processFact(pid)?.commandLine.length, 256);
});

test("a process that has ended is undefined", async () => {
  const child = spawn("true");
  await once(child, "exit");
  for (let attempt = 0; processFact(child.pid ?? 0) && attempt < 50; attempt += 1) await sleep(10);
  assert.equal(processFact(child.pid ?? 0), undefined);
});
