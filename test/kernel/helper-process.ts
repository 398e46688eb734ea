import { type ChildProcess, type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { connectClient } from "../../helper/cli/connect.ts";
import type { HelperConnection } from "../../helper/protocol/methods.ts";
import { eventually } from "./cli.ts";

const client = join(import.meta.dirname, "..", "..", "dist", "bin", "terrarium");

/** A small heap: V8 otherwise lets garbage grow for as long as there is room. */
export const smallHeap = ["--max-semi-space-size=1", "--max-old-space-size=24"];

/** A helper over stdio whose own resources can be read, and which can be killed. */
export interface HelperProcess {
  readonly connection: HelperConnection;
  descriptors(): number;
  residentBytes(): number;
  /** What it wrote to standard error so far: the audit log. */
  log(): string;
  /** How often it has read something (syscr of proc_pid_io(5)). */
  readCalls(): number;
  kill(): Promise<void>;
}

/** `before`: a program that starts it, in another place. */
export async function startHelper(before: readonly string[] = []): Promise<HelperProcess> {
  const child = spawnHelper(before);
  let log = "";
  child.stderr.on("data", (text) => {
    log += text;
  });
  return {
    connection: await connectClient({ input: child.stdout, output: child.stdin }, "test"),
    descriptors: () => readdirSync(`/proc/${child.pid}/fd`).length,
    readCalls: () => readCalls(child.pid),
    residentBytes: () => residentBytes(child.pid),
    log: () => log,
    kill: () => kill(child),
  };
}

/** Only the process: it has answered nothing yet. What it writes to standard error has to be read. */
export function spawnHelper(before: readonly string[] = []): ChildProcessWithoutNullStreams {
  const helper = [process.execPath, ...smallHeap, client, "helper", "--stdio"];
  const [program = "", ...words] = [...before, ...helper];
  const child = spawn(program, words, { cwd: "/", stdio: ["pipe", "pipe", "pipe"] });
  child.stdin.on("error", () => undefined);
  return child;
}

/** Its file is there before that: bind(2) makes it, and only after listen(2) somebody may connect. */
export function untilListening(path: string): Promise<void> {
  return eventually(`somebody listens at ${path}`, () => answers(path));
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("error", () => resolve(false));
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
  });
}

function readCalls(pid: number | undefined): number {
  return Number(/^syscr: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, "utf8"))?.[1]);
}

/** VmRSS of proc_pid_status(5). */
export function residentBytes(pid: number | undefined): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024;
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}
