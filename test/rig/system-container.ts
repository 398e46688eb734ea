import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, existsSync, mkdirSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { cgroupDirectory, childCgroups, readCgroupMounts } from "../../helper/kernel/cgroupfs.ts";
import { processesBelow } from "../../helper/limits/kill.ts";
import { makeTemporaryFolder } from "./cache.ts";
import type { Architecture } from "./machine-kernel.ts";
import { withProgress } from "./progress.mjs";
import { runQuietly } from "./quiet-command.mjs";
import { installSystemTree } from "./system-tree.ts";

/**
 * The Debian of system-tree.ts, booted by systemd-nspawn: systemd, logind, polkit and users at the speed of this
 * machine, up in half a second. Its cgroups are this machine's, so that what needs version 2 boots system-machine.ts.
 */
export interface SystemContainer {
  /** Its root directory, seen from outside. */
  readonly root: string;
  /** As root, in all of its namespaces. */
  run(command: readonly string[], options?: RunOptions): Promise<Ran>;
  /** The same, and goes on; the caller ends it. */
  start(command: readonly string[]): ChildProcess;
  close(): Promise<void>;
}

export interface RunOptions {
  readonly input?: string;
  /** Killed after it. */
  readonly timeoutMs?: number;
}

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const program = "/usr/bin/systemd-nspawn";
const bootTimeoutMs = 60_000;
const commandTimeoutMs = 60_000;
const pollMs = 20;

/** Why there can be none here; undefined where there can. */
export function whyNoContainer(): string | undefined {
  if (process.geteuid?.() !== 0) return "needs root, to boot a machine by systemd-nspawn";
  if (!existsSync(program)) return "systemd-nspawn is not installed";
  try {
    accessSync("/sys/fs/cgroup");
    execFileSync("unshare", ["--mount", "--pid", "--fork", "true"], { stdio: "ignore" });
    return undefined;
  } catch {
    return "no machine can be booted here: mount and pid namespaces are refused";
  }
}

/** `binds`: path inside to one here, which cannot be written to there. */
export async function bootContainer(
  binds: Readonly<Record<string, string>>,
): Promise<SystemContainer> {
  const tree = await unpackedTree();
  const folder = await makeTemporaryFolder("container");
  const root = mountRoot(tree, folder);
  const console: string[] = [];
  const nspawn = spawn(program, nspawnOptions(root, binds), {
    stdio: ["ignore", "pipe", "pipe"],
    // Its filter hides Landlock.
    env: { ...process.env, SYSTEMD_SECCOMP: "0" },
  });
  for (const stream of [nspawn.stdout, nspawn.stderr])
    stream.on("data", (text) => console.push(`${text}`));
  const close = () => end(nspawn, root, folder);
  try {
    const leader = await waitForLeader(nspawn);
    const container = { root, close, ...commandsIn(leader) };
    await waitUntilUp(container);
    return container;
  } catch (error) {
    await close();
    throw new Error(`the machine did not come up: ${error}\n${console.join("").slice(-2000)}`);
  }
}

/** An archive takes a second to unpack: once for all machines. */
async function unpackedTree(): Promise<string> {
  const architecture: Architecture = process.arch === "arm64" ? "aarch64" : "x86_64";
  const archive = await installSystemTree(architecture);
  const tree = archive.replace(/\.tar$/, "");
  if (existsSync(tree)) return tree;
  const partial = await makeTemporaryFolder("unpacked");
  await withProgress("Unpacking a Debian with systemd", async () => {
    await mkdir(join(partial, "tree"));
    await runQuietly(["tar", "-xpf", archive, "--numeric-owner", "-C", join(partial, "tree")]);
    await rename(join(partial, "tree"), tree);
  });
  await rm(partial, { recursive: true });
  return tree;
}

/** What the machine writes is in memory, and gone with it. */
function mountRoot(tree: string, folder: string): string {
  execFileSync("mount", ["-t", "tmpfs", "-o", "mode=755", "container", folder]);
  const [upper = "", work = "", root = ""] = ["upper", "work", "root"].map((name) =>
    join(folder, name),
  );
  for (const directory of [upper, work, root]) mkdirSync(directory);
  const layers = `lowerdir=${tree},upperdir=${upper},workdir=${work}`;
  execFileSync("mount", ["-t", "overlay", "-o", layers, "overlay", root]);
  return root;
}

function nspawnOptions(root: string, binds: Readonly<Record<string, string>>): string[] {
  return [
    ...["--quiet", "--boot", "--register=no", "--keep-unit", "--private-network"],
    ...["--console=pipe", "--capability=all", `--machine=terrarium-${process.pid}`],
    ...[`--directory=${root}`],
    ...Object.entries(binds).map(([inside, here]) => `--bind-ro=${here}:${inside}`),
  ];
}

async function waitForLeader(nspawn: ChildProcess): Promise<number> {
  for (const deadlineMs = performance.now() + bootTimeoutMs; performance.now() < deadlineMs; ) {
    if (nspawn.exitCode !== null) throw new Error(`systemd-nspawn ended with ${nspawn.exitCode}`);
    const [leader] = childrenOf(nspawn.pid);
    if (leader && readFileSync(`/proc/${leader}/comm`, "utf8").trim() === "systemd") return leader;
    await sleep(pollMs);
  }
  throw new Error("systemd did not start");
}

function childrenOf(pid: number | undefined): readonly number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
  return text.split(" ").filter(Boolean).map(Number);
}

async function waitUntilUp({ run }: Pick<SystemContainer, "run">): Promise<void> {
  let state = "";
  for (const deadlineMs = performance.now() + bootTimeoutMs; performance.now() < deadlineMs; ) {
    state = (await run(["systemctl", "is-system-running"])).stdout.trim();
    if (state === "running" || state === "degraded") return;
    await sleep(pollMs);
  }
  throw new Error(`systemd says it is ${state}`);
}

function commandsIn(leader: number): Pick<SystemContainer, "run" | "start"> {
  const start = (command: readonly string[]) =>
    spawn("nsenter", ["--target", `${leader}`, "--all", "--", ...command], {
      env: {
        PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        LC_ALL: "C.UTF-8",
      },
    });
  return { start, run: (command, options) => collect(start(command), options) };
}

async function collect(
  child: ReturnType<typeof spawn>,
  { input = "", timeoutMs = commandTimeoutMs }: RunOptions = {},
): Promise<Ran> {
  const texts = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name]?.on("data", (text) => {
      texts[name] += text;
    });
  }
  child.stdin?.on("error", () => undefined).end(input);
  const timer = setTimeout(() => {
    child.kill("SIGKILL");
    // What it started inside may hold them open, and ends with the machine.
    child.stdout?.destroy();
    child.stderr?.destroy();
  }, timeoutMs);
  const [code] = await once(child, "close");
  clearTimeout(timer);
  return { code, ...texts };
}

/** The kernel ends all of a pid namespace with its first process. */
async function end(nspawn: ChildProcess, root: string, folder: string): Promise<void> {
  if (nspawn.exitCode === null) {
    const ended = once(nspawn, "exit");
    for (const leader of childrenOf(nspawn.pid)) process.kill(leader, "SIGKILL");
    nspawn.kill("SIGTERM");
    await ended;
  }
  execFileSync("umount", ["--lazy", root]);
  execFileSync("umount", ["--lazy", folder]);
  rmSync(folder, { recursive: true, force: true });
  await removeCgroups();
}

/** What systemd-nspawn makes below the cgroup that it is started in, and leaves there: the next machine would see it. */
const leftBehind = ["payload", "supervisor"];
const removalRounds = 50;

async function removeCgroups(): Promise<void> {
  const { hierarchies } = readCgroupMounts();
  const places = hierarchies.flatMap((mount) =>
    leftBehind.map((name) => cgroupDirectory(mount, join(mount.ownPath, name)) ?? []),
  );
  let left = places.flat().filter(existsSync);
  for (let round = 0; left.length > 0 && round < removalRounds; round += 1) {
    for (const directory of left) removeCgroup(directory);
    left = left.filter(existsSync);
    if (left.length > 0) await sleep(pollMs);
  }
}

/** From the leaves, as soon as all have ended: another machine may be below the same one. */
function removeCgroup(directory: string): void {
  if (processesBelow(directory).length > 0) return;
  for (const name of childCgroups(directory)) removeCgroup(join(directory, name));
  try {
    rmdirSync(directory);
  } catch {
    // It is in use; the next round tries again.
  }
}
