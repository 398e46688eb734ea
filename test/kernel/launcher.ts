import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { readSubordinateIds } from "../../helper/kernel/subordinate.ts";

/** The launcher under test; TERRARIUM_LAUNCHER chooses another build of it (the sanitizers'). */
export const launcherPath =
  process.env["TERRARIUM_LAUNCHER"] ??
  fileURLToPath(new URL("../../dist/native/launcher", import.meta.url));

/** Options for tests that only root can run. */
export const asRoot = {
  skip: process.getuid?.() === 0 ? false : "needs root",
  timeout: 60_000,
} as const;

/** A range of ids that no user of the host has: root may map it, and a user to whom it is subordinate. */
export const idMaps = ["--uid-map", "0 100000 65536", "--gid-map", "0 100000 65536"];

/** Options for tests that anybody can run who may map that range. */
export const withIds = {
  skip: asRoot.skip && !ownsIds() ? "needs root, or the subordinate ids from 100000 on" : false,
  timeout: 60_000,
} as const;

function ownsIds(): boolean {
  const ids = readSubordinateIds(process.getuid?.() ?? 0);
  if ("missing" in ids) return false;
  return [ids.uids, ids.gids].every((ranges) =>
    ranges.some(({ start, count }) => start === 100_000 && count >= 65_536),
  );
}

/** Enough of the host to run its programs. */
export const hostPrograms = [
  ...["--ro-bind", "/usr", "/usr", "--symlink", "usr/bin", "/bin", "--symlink", "usr/lib", "/lib"],
  ...["--symlink", "usr/lib64", "/lib64", "--symlink", "usr/sbin", "/sbin"],
  ...["--proc", "/proc", "--dev", "/dev", "--tmpfs-shared", "/tmp", "--env", "PATH=/usr/bin:/bin"],
];

export interface LauncherEvent {
  readonly event: "ready" | "started" | "process" | "error" | "exit";
  readonly pid?: number;
  readonly namespaces?: Readonly<Record<string, number>>;
  readonly name?: string;
  readonly state?: string;
  readonly unfollowed?: Readonly<Record<string, string>>;
  readonly restarts?: number;
  readonly stage?: string;
  readonly call?: string;
  readonly path?: string;
  readonly errno?: string;
  readonly hint?: string;
  readonly code?: number;
  readonly signal?: string | null;
}

export interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly events: readonly LauncherEvent[];
}

export interface Session {
  readonly process: ChildProcess;
  /** The host's pid of the process inside: init, or whoever entered. */
  readonly ready: Promise<number>;
  readonly ended: Promise<Result>;
  /** Standard output so far. */
  output(): string;
  /** Status events until now. */
  told(): readonly LauncherEvent[];
}

interface LaunchOptions {
  readonly input?: string;
  /** A program, with arguments, to start the launcher by. */
  readonly prefix?: readonly string[];
}

/** A test that fails half-way must leave no sandbox behind, nor keep its file from ending. */
const running = new Set<ChildProcess>();
after(() => {
  for (const child of running) child.kill("SIGKILL");
});

/** Starts the launcher with its status events on descriptor 3 and an open descriptor 4. */
export function start(
  args: readonly string[],
  { input, prefix = [] }: LaunchOptions = {},
): Session {
  const [face = "", ...rest] = args;
  const line = [...prefix, launcherPath, face, "--status-fd", "3", ...rest];
  const child = spawn(line[0] ?? "", line.slice(1), {
    stdio: ["pipe", "pipe", "pipe", "pipe", "pipe"],
  });
  const collected = { stdout: "", stderr: "", status: "" };
  running.add(child);
  let isReady: (pid: number) => void = () => undefined;
  let isOver: (reason: Error) => void = () => undefined;
  const ready = new Promise<number>((resolve, reject) => {
    isReady = resolve;
    isOver = reject;
  });
  ready.catch(() => undefined);
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    collected.stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    collected.stderr += text;
  });
  child.stdio[3]?.on("data", (bytes: Buffer) => {
    collected.status += bytes.toString();
    const pid = readEvents(collected.status).find(({ event }) => event === "ready")?.pid;
    if (pid !== undefined) isReady(pid);
  });
  child.stdin.on("error", () => undefined);
  if (input !== undefined) child.stdin.end(input);
  const ended = new Promise<Result>((resolve) => {
    child.once("close", (code) => {
      const { stdout, stderr, status } = collected;
      running.delete(child);
      isOver(new Error(`the launcher ended: ${status}${stderr}`));
      resolve({ code, stdout, stderr, events: readEvents(status) });
    });
  });
  return {
    process: child,
    ready,
    ended,
    output: () => collected.stdout,
    told: () => readEvents(collected.status),
  };
}

function readEvents(status: string): LauncherEvent[] {
  return status
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line));
}

/** Runs the launcher to its end, with an empty or the given standard input. */
export function launch(args: readonly string[], options: LaunchOptions = {}): Promise<Result> {
  return start(args, { input: "", ...options }).ended;
}

/** A shell line in a sandbox with the host's programs and a foreign id range. */
export function runShell(script: string, options: readonly string[] = []): Promise<Result> {
  return launch(["run", ...idMaps, ...hostPrograms, ...options, "--", "/bin/sh", "-c", script]);
}

/** A sandbox that sleeps until its session's process is killed. */
export async function startSleeper(options: readonly string[] = []): Promise<{
  readonly session: Session;
  readonly init: number;
  readonly command: number;
}> {
  const session = start(["run", ...idMaps, ...hostPrograms, ...options, "--", "sleep", "1000"]);
  const init = await session.ready;
  const command = await until(() => childrenOf(init)[0], "the command runs");
  await asleep(command);
  return { session, init, command };
}

/** Until a process has become `sleep`: what was done before that exec is then all there. */
export const asleep = (pid: number): Promise<boolean> =>
  until(() => readFileSync(`/proc/${pid}/comm`, "utf8") === "sleep\n", `${pid} sleeps`);

/** Ends a session that startSleeper began. */
export async function stop(session: Session): Promise<Result> {
  session.process.kill("SIGTERM");
  return session.ended;
}

/** Runs a shell line in a terminal, whose input stays open so that nothing is typed into it. */
export function underTerminal(line: string): Promise<{ status: number | null; stdout: string }> {
  const child = spawn("script", ["-qec", line, "/dev/null"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  running.add(child);
  let stdout = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  return new Promise((resolve) => {
    child.once("close", (status) => {
      running.delete(child);
      resolve({ status, stdout });
    });
  });
}

/** Repeats until the answer is neither undefined nor false; for states that the kernel reaches soon. */
export async function until<T>(ask: () => T | undefined | false, what: string): Promise<T> {
  for (let round = 0; round < 1000; round++) {
    const answer = attempt(ask);
    if (answer !== undefined && answer !== false) return answer;
    await sleep(10);
  }
  throw new Error(`never came true: ${what}`);
}

/** Undefined where it throws: what was asked of may end at any moment. */
export function attempt<T>(ask: () => T): T | undefined {
  try {
    return ask();
  } catch {
    return undefined;
  }
}

/** Host pids of a process's children. */
export function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
  return text === "" ? [] : text.split(" ").map(Number);
}

/** Whether a process runs; a zombie does not. */
export function isAlive(pid: number): boolean {
  const stat = attempt(() => readFileSync(`/proc/${pid}/stat`, "utf8"));
  return stat !== undefined && !/\) [ZX] /.test(stat);
}

/** Host pids of all processes in the namespace that `link` ("pid:[4026…]") names. */
export function processesIn(type: string, inode: number): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => attempt(() => namespaceOf(pid, type)) === inode);
}

/** Inode number of a process's namespace. */
export function namespaceOf(pid: number | "self", type: string): number {
  const link = readlinkSync(`/proc/${pid}/ns/${type}`);
  return Number(/\[(\d+)\]/.exec(link)?.[1]);
}

/** A value of /proc/PID/status, without surrounding space. */
export function statusOf(pid: number, key: string): string {
  const text = readFileSync(`/proc/${pid}/status`, "utf8");
  return new RegExp(`^${key}:[ \\t]*(.*)$`, "m").exec(text)?.[1]?.trim() ?? "";
}

/** A directory for the time of one function. */
export async function withDirectory<T>(use: (directory: string) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), "terrarium-launcher-"));
  try {
    return await use(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
