import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { connectClient } from "../../helper/cli/connect.ts";
import { type InventoryChange, watchedTableNames } from "../../helper/protocol/inventoryChanges.ts";
import { inWhole } from "../../helper/protocol/inventoryParts.ts";
import type { HelperConnection } from "../../helper/protocol/methods.ts";
import { checkout } from "../rig/prepare.mjs";
import { type Contest, median } from "./contest.ts";
import { compile } from "./race.ts";

/**
 * A client watches everything on a host of 5,000 processes: what that costs while nothing happens, how late it
 * hears of a change, and how late its requests are answered while the helper reads. Other work of the machine is
 * the helper's work, too: there is no such thing as an idle host beside it.
 */

const processes = 5_000;
const changes = 200;
const betweenMs = 50;
const idleMs = 60_000;

/** As extension/connection/process.ts starts it. */
const asTheEditor = ["--max-semi-space-size=1", "--heap-growing-percent=15"];

/** A part of a core. */
const idleBarPercent = 0.2;
const residentBarKiB = 80 * 1024;
const changeBarMs = 20;
const answerBarMs = 20;

export async function watching(): Promise<readonly Contest[]> {
  const forks = spawn(compile("forks"), [`${processes}`], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: forks.stdout });
  await once(lines, "line");
  const client = join(checkout, "dist/bin/terrarium");
  const helper = spawn(process.execPath, [...asTheEditor, client, "helper", "--stdio"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  try {
    const streams = { input: helper.stdout, output: helper.stdin };
    const connection = await connectClient(streams, "bench");
    return await measure(connection, helper, { child: forks, lines });
  } finally {
    forks.stdin.end();
    await once(forks, "exit");
    helper.kill();
  }
}

interface Forks {
  readonly child: ChildProcess;
  readonly lines: Interface;
}

async function measure(
  connection: HelperConnection,
  helper: ChildProcess,
  forks: Forks,
): Promise<readonly Contest[]> {
  const answers: number[] = [];
  const changed = listen(connection);
  const asking = setInterval(() => void answerMs(connection).then((ms) => answers.push(ms)), 5);
  const tables = Object.fromEntries(watchedTableNames.map((name) => [name, 0]));
  await connection.request("inventory/watch", { tables });
  await sleep(10_000);
  clearInterval(asking);
  const latencies = await latenciesMs(forks, changed);
  const idle = await idlePercent(helper);
  const of = `${processes} processes`;
  const late = { unit: "ms", peer: "the bar", theirs: changeBarMs, bar: 1 } as const;
  return [
    { ...late, work: `one change of ${of}, told`, ours: median(latencies) },
    { ...late, work: `the same, 99 of 100`, ours: quantile(latencies, 0.99) },
    {
      ...{ work: "an answer while the helper reads, 99 of 100", unit: "ms", peer: "the bar" },
      ...{ ours: quantile(answers, 0.99), theirs: answerBarMs, bar: 1 },
    },
    {
      ...{ work: `a core's time to watch ${of} at rest`, unit: "%", peer: "the bar" },
      ...{ ours: idle, theirs: idleBarPercent, bar: 1 },
    },
    {
      ...{ work: `memory of a helper that watches ${of}`, unit: "KiB", peer: "the bar" },
      ...{ ours: residentKiB(helper.pid ?? 0), theirs: residentBarKiB, bar: 1 },
    },
  ];
}

type Changed = (pid: number) => Promise<bigint>;

/** When a client was told of a process: the monotonic clock. */
function listen(connection: HelperConnection): Changed {
  const waiting = new Map<number, (atNs: bigint) => void>();
  const told = new Map<number, bigint>();
  const onWhole = inWhole(({ tables }: InventoryChange) => {
    const atNs = process.hrtime.bigint();
    for (const { pid } of tables.processes?.put ?? []) {
      if (!told.has(pid)) told.set(pid, atNs);
      waiting.get(pid)?.(atNs);
    }
  });
  connection.onNotification("inventory/didChange", onWhole);
  return (pid) =>
    new Promise((resolve) => {
      const known = told.get(pid);
      if (known === undefined) waiting.set(pid, resolve);
      else resolve(known);
    });
}

async function latenciesMs({ child, lines }: Forks, changed: Changed): Promise<readonly number[]> {
  const latencies: number[] = [];
  for (let change = 0; change < changes; change += 1) {
    const line = once(lines, "line");
    child.stdin?.write(".");
    const [beganNs, pid] = String(await line).split(" ");
    const toldNs = await changed(Number(pid));
    latencies.push(Number(toldNs - BigInt(beganNs ?? 0)) / 1e6);
    await sleep(betweenMs);
  }
  return latencies;
}

async function answerMs(connection: HelperConnection): Promise<number> {
  const started = performance.now();
  await connection.request("process/inspect", { pid: process.pid });
  return performance.now() - started;
}

/** With the program that listens to the kernel for it. */
async function idlePercent({ pid = 0 }: ChildProcess): Promise<number> {
  const before = processorMs(pid);
  await sleep(idleMs);
  return (100 * (processorMs(pid) - before)) / idleMs;
}

function processorMs(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ");
  return [`${pid}`, ...children].filter(Boolean).reduce((sum, one) => sum + ownMs(one), 0);
}

/** The scheduler's own nanoseconds of each thread: proc_pid_stat(5) counts by ticks, which miss short work. */
function ownMs(pid: string): number {
  return readdirSync(`/proc/${pid}/task`)
    .map((tid) => readFileSync(`/proc/${pid}/task/${tid}/schedstat`, "utf8").split(" ")[0])
    .reduce((sum, nanoseconds) => sum + Number(nanoseconds) / 1e6, 0);
}

function residentKiB(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
}

function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}
