import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connectClient } from "../../helper/cli/connect.ts";
import { Workbench } from "../editor/workbench.ts";
import { checkout, projectNode } from "../rig/prepare.mjs";
import { type Contest, median } from "./contest.ts";
import { processorMs } from "./processor.ts";

/** What a person waits for who opens a window, and what they pay for while nothing happens. */

const rounds = 20;
const editors = 5;
/** A start is over when what only it needed was given back (helper/kernel/startPages.ts). */
const settleMs = 3_000;
const idleMs = 10_000;
const kilobyte = 1000 / 1024;

/** As the extension starts it. */
const helper = ["--max-semi-space-size=1", join(checkout, "dist/bin/terrarium"), "helper"];

export async function starting(): Promise<readonly Contest[]> {
  const { firstAnswerMs, residentKib } = await startOnStdio();
  return [
    bar("helper, from its start to its first answer", "ms", firstAnswerMs, 120),
    bar("memory of a helper that waits for its window", "KiB", residentKib, 70_000 * kilobyte),
    bar("processor time of one without a client, in 10 s", "ms", await idleProcessorMs(), 1),
    bar("activation of the extension, in a window", "ms", median(await activations()), 30),
    bar("the extension's files that activation loads", "KiB", loadedKib("main.js"), 250 * kilobyte),
  ];
}

function bar(work: string, unit: Contest["unit"], ours: number, most: number): Contest {
  return { work, peer: "the bar", unit, ours, theirs: most, bar: 1 };
}

/** That file and those that it requires first of all: what is needed later is required by functions. */
function loadedKib(name: string, seen = new Set<string>()): number {
  if (seen.has(name)) return 0;
  seen.add(name);
  const text = readFileSync(join(checkout, "dist/extension", name), "utf8");
  const required = [...text.matchAll(/[=,]require\("\.\/([^"]+)"\)/g)].map(([, file = ""]) => file);
  const others = required.map((file) => loadedKib(file, seen));
  return others.reduce((sum, size) => sum + size, Buffer.byteLength(text) / 1024);
}

async function startOnStdio() {
  const times: number[] = [];
  const resident: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const begun = performance.now();
    const child = spawn(projectNode, [...helper, "--stdio"], { stdio: ["pipe", "pipe", "ignore"] });
    const ended = once(child, "exit");
    const streams = { input: child.stdout, output: child.stdin };
    const connection = await connectClient(streams, "bench");
    times.push(performance.now() - begun);
    await sleep(settleMs);
    resident.push(residentKib(child));
    connection.dispose();
    await ended;
  }
  return { firstAnswerMs: median(times), residentKib: median(resident) };
}

/** VmRSS of proc_pid_status(5). */
function residentKib({ pid }: ChildProcess): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
}

async function idleProcessorMs(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "terrarium-bench-"));
  const socket = join(folder, "helper.sock");
  const child = spawn(projectNode, [...helper, "--socket", socket], { stdio: "ignore" });
  const ended = once(child, "exit");
  try {
    while (!existsSync(socket)) await sleep(10);
    await sleep(settleMs);
    const before = processorMs(child.pid ?? 0);
    await sleep(idleMs);
    return processorMs(child.pid ?? 0) - before;
  } finally {
    child.kill();
    await ended;
    rmSync(folder, { recursive: true });
  }
}

async function activations(): Promise<readonly number[]> {
  const times: number[] = [];
  for (let editor = 0; editor < editors; editor++) times.push(await activationMs());
  return times;
}

/** VS Code's own figure: the time to load the extension's code and to call activate(). */
async function activationMs(): Promise<number> {
  const workbench = await Workbench.open();
  try {
    await workbench.openTerrarium();
    return await workbench.activationMs("Terrarium");
  } finally {
    await workbench.close();
  }
}
