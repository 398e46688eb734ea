import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, linkSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { TestContext } from "node:test";
import { connectClient } from "../../helper/cli/connect.ts";
import { errnoOf } from "../../helper/kernel/errors.ts";
import { processIds, readCommandLine, readStatus } from "../../helper/kernel/procfs.ts";
import type { HelperConnection } from "../../helper/protocol/methods.ts";
import { clientOfUser, eventually } from "./cli.ts";

/** Two people of this machine, who own nothing on it. */
export const alice = 65_101;
export const bob = 65_102;

/** A helper of root's behind a socket for everybody, as systemd starts it. */
export interface GateHelper {
  readonly path: string;
  readonly process: ChildProcess;
  /** What it wrote to standard error so far: the audit log. */
  log(): string;
}

/** The program in a place where other users may read it, by the Node that is there with it. */
export function helperCommand(): readonly string[] {
  return clientOfUser(alice).command.slice(-2);
}

/** `before`: a program that becomes it. */
export async function startGate(
  t: TestContext,
  env: NodeJS.ProcessEnv = {},
  before: readonly string[] = [],
): Promise<GateHelper> {
  const folder = mkdtempSync(join(tmpdir(), "terrarium-gate-"));
  chmodSync(folder, 0o755);
  const [made, path] = [join(folder, "made"), join(folder, "helper.socket")];
  const server = createServer().listen(made);
  await once(server, "listening");
  chmodSync(made, 0o666);
  // Node removes the name that it made.
  linkSync(made, path);
  const { fd } = (server as unknown as { _handle: { fd: number } })._handle;
  const script = 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"';
  const child = spawn(
    "/bin/sh",
    ["-c", script, "sh", ...before, ...helperCommand(), "helper", "--systemd"],
    {
      cwd: "/",
      env: { PATH: process.env["PATH"], ...env },
      stdio: ["ignore", "ignore", "pipe", fd],
    },
  );
  server.close();
  let log = "";
  child.stderr?.on("data", (text) => {
    log += text;
  });
  t.after(async () => {
    // One that a test has stopped does not see that its gate ends.
    const agents = [alice, bob].flatMap((uid) => agentsOf({ process: child }, uid));
    await end(child);
    for (const agent of agents) endAgent(agent);
    rmSync(folder, { recursive: true, force: true });
  });
  return { path, process: child, log: () => log };
}

/** Most end by themselves, now or in a moment. */
function endAgent(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if (errnoOf(error) !== "ESRCH") throw error;
  }
}

export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}

const relay = `
  const [path, uid, ...groups] = process.argv.slice(1);
  try {
    require("node:fs").writeFileSync("/proc/self/loginuid", uid);
  } catch {}
  process.setgroups(groups.map(Number));
  process.setgid(Number(uid));
  process.setuid(Number(uid));
  const socket = require("node:net").connect(path);
  process.stdin.pipe(socket).pipe(process.stdout);
  socket.on("error", () => process.exit(1));
  socket.on("close", () => process.exit(0));
`;

/**
 * A process of that user, who has logged in as such where the kernel lets one say so, which connects and passes on what
 * the test says.
 * `before`: a program that becomes it.
 */
export function relayOf(
  path: string,
  uid: number,
  { groups = [], before = [] }: RelayOptions = {},
) {
  const words = [...before, process.execPath, "-e", relay, path, `${uid}`, ...groups.map(String)];
  return spawn(words[0] ?? "", words.slice(1), { cwd: "/", stdio: ["pipe", "pipe", "inherit"] });
}

interface RelayOptions {
  readonly groups?: readonly number[];
  readonly before?: readonly string[];
}

/** The processes of a user whom a helper has started for them. */
export function agentsOf({ process }: Pick<GateHelper, "process">, uid: number): readonly number[] {
  return processIds().filter((pid) => {
    const status = readStatus(pid);
    return status?.parentPid === process.pid && status?.uid.real === uid;
  });
}

export async function agentOf(helper: Pick<GateHelper, "process">, uid: number): Promise<number> {
  let agent: number | undefined;
  await eventually("the agent runs", () => {
    [agent] = agentsOf(helper, uid);
    return agent !== undefined && readCommandLine(agent)?.at(-1) === "--stdio";
  });
  return agent ?? 0;
}

/** Runs a script of Node's as that user, and answers what it printed. */
export async function runAs(
  uid: number,
  script: string,
  ...args: readonly string[]
): Promise<string> {
  const become = `process.setgroups([]); process.setgid(${uid}); process.setuid(${uid});`;
  const child = spawn(process.execPath, ["-e", `${become}${script}`, ...args], {
    cwd: "/",
    stdio: ["ignore", "pipe", "inherit"],
  });
  return text(child.stdout);
}

/**
 * Stops the agent of a user and says something in its place, as any other process of that user can: by a descriptor of
 * its standard output, which pidfd_getfd(2) gives to whom ptrace(2) lets.
 */
export async function speakFor(agent: number, uid: number, words: string): Promise<void> {
  const { said } = startSpeaking(agent, uid, words);
  assert.ok(await said);
}

/** The same, where the words may be more than anybody hears. */
export function startSpeaking(agent: number, uid: number, words: string) {
  const calls = join(import.meta.dirname, "..", "..", "helper", "kernel", "libc.ts");
  const script = `
    const { pidfdOpen, pidfdGetfd } = await import(${JSON.stringify(calls)});
    pidfdOpen(process.pid);
    process.setgroups([]); process.setgid(${uid}); process.setuid(${uid});
    process.kill(${agent}, "SIGSTOP");
    const output = pidfdGetfd(pidfdOpen(${agent}), 1);
    const { Socket } = await import("node:net");
    const agent = new Socket({ fd: output });
    process.stdin.pipe(agent, { end: false });
    const done = () => process.stdout.write("said\\n", () => process.exit());
    process.stdin.once("end", () => agent.write("", done));
  `;
  const child = spawn(process.execPath, ["-e", script], {
    cwd: "/",
    stdio: ["pipe", "pipe", "inherit"],
  });
  child.stdin.on("error", () => undefined);
  child.stdin.end(words);
  return { said: text(child.stdout).then((said) => said === "said\n"), child };
}

export async function connectAs(
  t: TestContext,
  path: string,
  uid: number,
  options?: RelayOptions,
): Promise<HelperConnection> {
  const child = relayOf(path, uid, options);
  t.after(() => end(child));
  return connectClient({ input: child.stdout, output: child.stdin }, "test");
}

/** Has an agent evaluate something, as its user can: any process of theirs may open Node's inspector in it. */
export async function evaluateIn(agent: number, expression: string): Promise<unknown> {
  process.kill(agent, "SIGUSR1");
  let url = "";
  await eventually("its inspector listens", async () => {
    const pages = await fetch("http://127.0.0.1:9229/json/list").catch(() => undefined);
    url =
      ((await pages?.json()) as [{ webSocketDebuggerUrl: string }] | undefined)?.[0]
        .webSocketDebuggerUrl ?? "";
    return url !== "";
  });
  const socket = new WebSocket(url);
  await once(socket, "open");
  const params = { expression, includeCommandLineAPI: true, returnByValue: true };
  socket.send(JSON.stringify({ id: 1, method: "Runtime.evaluate", params }));
  const [{ data }] = await once(socket, "message");
  socket.close();
  return JSON.parse(data).result.result.value;
}
