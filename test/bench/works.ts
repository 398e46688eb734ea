import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, watch } from "node:fs";
import { join } from "node:path";
import { connectClient } from "../../helper/cli/connect.ts";
import type { HelperConnection } from "../../helper/protocol/methods.ts";
import type { ParameterInput } from "../../helper/protocol/schemas.ts";
import { checkout, projectNode } from "../rig/prepare.mjs";
import type { Contest } from "./contest.ts";
import { bwrap, installSrt, openRunc, startDocker } from "./peers.ts";
import { compile, raceCommands, raceFunctions } from "./race.ts";

/** What is measured: one function per row of the table that `npm run bench` prints. */

export const launcher = join(checkout, "dist/native/launcher");
const terrarium = [projectNode, join(checkout, "dist/bin/terrarium")];

/** Ids that no user of the host has, as the helper chooses them for root. */
const identity = ["--uid-map", "0 1000000 65536", "--gid-map", "0 1000000 65536"];

/** `launcher run` with the view and the namespaces of bubblewrap's, and without a filter, as there. */
export async function launcherRun(): Promise<readonly Contest[]> {
  const view = ["--rootfs", "/", "--proc", "/proc", "--dev", "/dev"];
  const filtered = [launcher, "run", ...identity, ...view];
  const command = ["--", "/bin/true"];
  const times = raceCommands(200, {
    ours: [...filtered, "--seccomp", "none", ...command],
    filtered: [...filtered, ...command],
    bwrap,
    floor: [compile("floor"), "/bin/true"],
  });
  const common = { work: "launcher run of /bin/true", unit: "ms", ours: times.ours } as const;
  const work = "the same with the system-call filter";
  return [
    { ...common, peer: "bwrap", theirs: times.bwrap, bar: 0.6 },
    { ...common, peer: "clone, pivot, exec in C", theirs: times.floor, bar: 1.5 },
    { ...common, work, ours: times.filtered, peer: "bwrap", theirs: times.bwrap, bar: undefined },
  ];
}

/** create + start + exit with limits and seccomp through a helper that runs, until nothing is left of it. */
export function helperRun(): Promise<readonly Contest[]> {
  return withHelper(async (connection) => {
    const runc = await openRunc();
    try {
      const times = await raceFunctions(40, {
        ours: () => createAndEnd(connection),
        bwrap: () => run(bwrap),
        runc: () => run(runc.run()),
      });
      const common = { work: "create, start and end through a warm helper", unit: "ms" } as const;
      return [
        { ...common, ours: times.ours, peer: "bwrap", theirs: times.bwrap, bar: 1 },
        { ...common, ours: times.ours, peer: "runc run", theirs: times.runc, bar: 0.3 },
      ];
    } finally {
      await runc.dispose();
    }
  });
}

const limits = {
  ...{ cpuPeriodUs: 100_000, cpuQuotaUs: 50_000 },
  ...{ memoryBytes: 256 * 1024 * 1024, pidsMax: 64 },
};

async function createAndEnd(connection: HelperConnection): Promise<void> {
  const { sandbox } = await connection.request("sandbox/create", {
    spec: { args: ["/bin/true"], limits },
    stdio: "none",
  });
  await removal("/run/terrarium/sandboxes", sandbox.id);
}

/** The monitor removes the record last, after the cgroups. A loop that looks would take one of the processors. */
function removal(records: string, id: string): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (existsSync(join(records, id))) return;
      watcher.close();
      resolve();
    };
    const watcher = watch(records, look);
    look();
  });
}

/** One more process in a sandbox that runs, attached, until its exit code is known. */
export function helperExec(): Promise<readonly Contest[]> {
  return withHelper(async (connection) => {
    const runc = await openRunc();
    const { sandbox } = await connection.request("sandbox/create", {
      spec: { args: ["sleep", "3600"], limits },
      stdio: "none",
    });
    const target = sandbox.id;
    try {
      const times = await raceFunctions(40, {
        ours: () => execAttached(connection, target),
        runc: () => run(runc.exec),
      });
      const work = "exec in a running sandbox";
      return [
        { work, unit: "ms", peer: "runc exec", ours: times.ours, theirs: times.runc, bar: 0.5 },
      ];
    } finally {
      await connection.request("sandbox/remove", { target, force: true });
      await runc.dispose();
    }
  });
}

async function execAttached(connection: HelperConnection, target: string): Promise<void> {
  const { attach } = await connection.request("sandbox/exec", {
    target,
    args: ["/bin/true"],
    stdio: "inherit",
  });
  if (attach) await run([attach.command, ...attach.args]);
}

/** The whole command, with the start of Node and no helper that runs. */
export async function clientRun(): Promise<readonly Contest[]> {
  const srt = await installSrt();
  const docker = await startDocker();
  try {
    const times = raceCommands(20, {
      ours: [...terrarium, "run", "--", "true"],
      srt: [projectNode, srt, "true"],
      docker: docker.run,
    });
    const common = { work: "terrarium run -- true", unit: "ms", ours: times.ours } as const;
    return [
      { ...common, peer: "srt true", theirs: times.srt, bar: 0.4 },
      { ...common, peer: "docker run", theirs: times.docker, bar: 0.25 },
    ];
  } finally {
    await docker.dispose();
  }
}

/** 5,555,556 lines of nine bytes: 50 MB, without a file that the sandbox would have to reach; four times in all. */
const text = ["/usr/bin/seq", "10000000", "15555555"];
const megabytes = 50;

/** Text through the sandbox's terminal and the client that is attached to it, all inside a plain terminal. */
export async function terminalThroughput(): Promise<readonly Contest[]> {
  const view = ["--rootfs", "/", "--proc", "/proc", "--dev", "/dev", "--tty"];
  const times = raceCommands(3, {
    ours: inTerminal([launcher, "run", ...identity, ...view, "--", ...text]),
    plain: inTerminal(text),
  });
  const speed = (ms: number) => (megabytes * 1000) / ms;
  const work = "text through attach";
  const [ours, theirs] = [speed(times.ours), speed(times.plain)];
  return [{ work, peer: "a plain terminal", unit: "MB/s", ours, theirs, bar: 0.9 }];
}

function inTerminal(command: readonly string[]): string[] {
  const line = command.map((word) => `'${word}'`).join(" ");
  return ["script", "-qec", line, "/dev/null"];
}

/**
 * Memory of the processes that are ours and not the user's, monitor and init: of a sandbox that is alone,
 * and of one of ten, which share the launcher's pages.
 */
export function idleMemory(): Promise<readonly Contest[]> {
  return withHelper(async (connection) => {
    const pids: number[] = [];
    const targets: string[] = [];
    const common = { peer: "the bar", unit: "KiB", theirs: 300, bar: 1 } as const;
    const contests: Contest[] = [];
    try {
      for (const count of [1, 10]) {
        while (targets.length < count) {
          const { sandbox } = await connection.request("sandbox/create", idle);
          targets.push(sandbox.id);
          pids.push(sandbox.pid ?? 0);
        }
        const work = `memory of one of ${count} idle sandboxes`;
        contests.push({ ...common, work, ours: pssOfSandbox(pids[0] ?? 0) });
      }
      return contests;
    } finally {
      for (const target of targets) {
        await connection.request("sandbox/remove", { target, force: true });
      }
    }
  });
}

const idle: ParameterInput<"sandbox/create"> = {
  spec: { args: ["sleep", "3600"] },
  stdio: "none",
};

/** By its init; the monitor is init's parent. */
function pssOfSandbox(init: number): number {
  return pssOf(init) + pssOf(parentOf(init));
}

function parentOf(pid: number): number {
  return Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
}

/** KiB. */
function pssOf(pid: number): number {
  return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1]);
}

/** A helper over stdio, for as long as the work takes. */
export async function withHelper<T>(
  work: (connection: HelperConnection) => Promise<T>,
): Promise<T> {
  const [program = "", ...words] = [...terrarium, "helper", "--stdio"];
  const helper = spawn(program, words, { stdio: ["pipe", "pipe", "ignore"] });
  const ended = once(helper, "exit");
  const streams = { input: helper.stdout, output: helper.stdin };
  const connection = await connectClient(streams, "bench");
  try {
    return await work(connection);
  } finally {
    connection.dispose();
    await ended;
  }
}

export async function run([program = "", ...words]: readonly string[]): Promise<void> {
  const child = spawn(program, words, { stdio: "ignore" });
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error(`${program} ended with ${code}`);
}
