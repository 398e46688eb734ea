import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, cpSync, mkdtempSync, rmSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import type { SandboxDetails, SandboxSummary } from "../../helper/protocol/inventory.ts";
import { buildWithout } from "./without.ts";

/** The built client, driven as a person would. */

export interface Ran {
  /** 128+n for a signal, as a shell has it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** A client of one user. */
export interface Client {
  readonly command: readonly string[];
  /** Starts it and lets it run. */
  start(words: readonly string[], options?: RunOptions): ChildProcessWithoutNullStreams;
  /** Waits until it has ended. */
  run(words: readonly string[], options?: RunOptions): Promise<Ran>;
}

/** A test's context, or a suite's `after`. */
export interface Cleanup {
  after(work: () => unknown): void;
}

const distribution = join(import.meta.dirname, "..", "..", "dist");
const timeoutMs = 60_000;
/** All that a client has of the environment; the second is set where every step is emulated (vm/). */
const { PATH, NODE_COMPILE_CACHE } = process.env;

/** The client of the user that runs the tests. */
export const terrarium = clientOf([process.execPath, join(distribution, "bin", "terrarium")]);

/** The same client as an ordinary user. `missing`: system calls that its kernel lacks. */
export function clientOfUser(id: number, missing: readonly string[] = []): Client {
  const folder = copyForUsers();
  const node = join(folder, "node");
  const identity = ["setpriv", "--reuid", `${id}`, "--regid", `${id}`, "--clear-groups"];
  const program = missing.length > 0 ? buildWithout(folder, { missing }, node) : node;
  return clientOf([...identity, program, join(folder, "dist/bin/terrarium")]);
}

/**
 * The checkout may lie where an ordinary user may not read. One copy serves a whole file of tests and is there until
 * the last of them has cleaned up: hooks run in the order in which they were given, and those that end a user's
 * sandboxes need the client.
 */
function copyForUsers(): string {
  copied ??= makeCopy();
  return copied;
}
let copied: string | undefined;

function makeCopy(): string {
  const folder = mkdtempSync(join(tmpdir(), "terrarium-dist-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  chmodSync(folder, 0o755);
  for (const part of [
    "bin",
    "native/follow",
    "native/koffi.node",
    "native/launcher",
    "package.json",
  ]) {
    cpSync(join(distribution, part), join(folder, "dist", part), { recursive: true });
  }
  cpSync(process.execPath, join(folder, "node"));
  return folder;
}

/** The client of whoever runs the tests, started by another program, as nsenter(1). */
export function clientBehind(words: readonly string[]): Client {
  return clientOf([...words, ...terrarium.command]);
}

/** A client that these words start, whosever it is. */
export function clientOf(command: readonly string[]): Client {
  const start: Client["start"] = (words, options = {}) => {
    const [program = "", ...rest] = [...command, ...words];
    const child = spawn(program, rest, {
      cwd: options.cwd ?? "/",
      env: { PATH, NODE_COMPILE_CACHE, ...options.env },
      timeout: timeoutMs,
      killSignal: "SIGKILL",
    });
    child.stdin.on("error", () => undefined);
    if (options.input !== undefined) child.stdin.end(options.input);
    return child;
  };
  return {
    command,
    start,
    run: (words, options) => collect(start(words, { input: "", ...options })),
  };
}

/** What it wrote until it ended. */
export async function collect(child: ChildProcessWithoutNullStreams): Promise<Ran> {
  const output = Promise.all([text(child.stdout), text(child.stderr)]);
  await once(child, "close");
  const [stdout, stderr] = await output;
  const { exitCode, signalCode } = child;
  const code = exitCode ?? 128 + (signalCode ? constants.signals[signalCode] : 0);
  return { code, stdout, stderr };
}

/** A name that no sandbox of anybody else has. */
export function uniqueName(): string {
  nameCount += 1;
  return `test-${process.pid}-${nameCount}`;
}
let nameCount = 0;

export interface Running {
  readonly name: string;
  readonly id: string;
}

/** `run -d`: a sandbox that lives as long as the test. */
export async function startSandbox(
  t: Cleanup,
  options: readonly string[],
  command: readonly string[],
  client = terrarium,
): Promise<Running> {
  const name = uniqueName();
  t.after(() => remove(name, client));
  const ran = await client.run(["run", "-d", "--name", name, ...options, "--", ...command]);
  if (ran.code !== 0) throw new Error(ran.stderr);
  return { name, id: ran.stdout.trim() };
}

/** What the test has removed itself is as well; a client that cannot remove it fails the test. */
async function remove(name: string, client: Client): Promise<void> {
  const { code, stderr } = await client.run(["rm", "-f", name]);
  if (code !== 0 && !stderr.includes("no sandbox")) throw new Error(`rm -f ${name}: ${stderr}`);
}

/** One JSON document from a `--json` command. */
export async function json<T>(words: readonly string[], client = terrarium): Promise<T> {
  const { code, stdout, stderr } = await client.run([...words, "--json"]);
  if (code !== 0) throw new Error(`${words.join(" ")}: ${stderr}`);
  return JSON.parse(stdout);
}

export function inspect(name: string, client = terrarium): Promise<SandboxDetails> {
  return json(["inspect", name], client);
}

export function list(client = terrarium): Promise<readonly SandboxSummary[]> {
  return json(["ps", "-a"], client);
}

const pollMs = 20;
const patienceMs = 15_000;

/** Waits for what the kernel does in its own time (reaping, tearing down); fails when it does not come. */
export async function eventually(what: string, condition: () => unknown): Promise<void> {
  for (let waited = 0; !(await condition()); waited += pollMs) {
    if (waited > patienceMs) throw new Error(`it did not happen: ${what}`);
    await sleep(pollMs);
  }
}
