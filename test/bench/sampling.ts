import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type CgroupMount, readCgroupMounts } from "../../helper/kernel/cgroupfs.ts";
import type { PlacedCgroup } from "../../helper/limits/target.ts";
import type { HelperConnection } from "../../helper/protocol/methods.ts";
import { FilesAbove } from "../../helper/usage/above.ts";
import { usageFiles } from "../../helper/usage/files.ts";
import { UsageReader } from "../../helper/usage/reader.ts";
import { refreshMs } from "./cgroupTree.ts";
import type { Contest } from "./contest.ts";
import { processorMs } from "./processor.ts";
import { compile } from "./race.ts";
import { withHelper } from "./works.ts";

/**
 * Processor time of one round over very many cgroups, not wall time: that of the helper that tells a watcher,
 * with all that it does for it, beside others that read the same.
 */

const count = 1_000;
const rounds = 15;
const intervalMs = 1_000;
/** From then on files are opened anew, some each round: what a round costs for good. */
const settlingMs = 65_000;
/** Milliseconds a round: 5 % of a processor. */
const mostMs = 0.05 * intervalMs;

/** As many rows as a view shows at once, and what reading and drawing them may cost. */
const shown = 50;
const mostRefreshMs = 5;

const work = `usage of ${count} cgroups, a round a second`;

export async function sampling(): Promise<readonly Contest[]> {
  const crowd = new Crowd(`bench-${process.pid}`);
  try {
    const still = await helperMs(crowd.paths);
    const ofShown = await helperMs(crowd.paths.slice(0, shown));
    const rows = refreshMs(count, shown);
    const ofCgtop = readersMs(crowd, cgtopFiles);
    const peers = {
      cgtop: cgtopMs(),
      oneCat: catMs(crowd.files, crowd.files.length),
      catEach: catMs(crowd.files, crowd.files.length / count),
      loop: loopMs(crowd.files),
      floor: floorMs(crowd.files),
    };
    const { busy, busyFloor } = await whileBusy(crowd, async () => ({
      busy: await helperMs(crowd.paths),
      busyFloor: floorMs(crowd.files),
    }));
    const ours = { work, unit: "ms", ours: still } as const;
    const theirFigures = {
      work: `the files of systemd-cgtop for ${count} cgroups, by the helper's readers`,
      unit: "ms",
      ours: ofCgtop,
    } as const;
    const theirBusy = { work: `${work}, something runs in each`, unit: "ms", ours: busy } as const;
    const refresh = {
      work: `tree of ${count} cgroups, usage of ${shown} rows anew`,
      unit: "ms",
    } as const;
    return [
      { ...refresh, peer: "the bar", ours: ofShown + rows, theirs: mostRefreshMs, bar: 1 },
      { ...refresh, peer: "the rows of it", ours: ofShown + rows, theirs: rows, bar: undefined },
      { ...ours, peer: "5 % of a processor", theirs: mostMs, bar: 1 },
      { ...ours, peer: "one cat of all files", theirs: peers.oneCat, bar: 0.3 },
      { ...ours, peer: "a cat for each cgroup", theirs: peers.catEach, bar: undefined },
      { ...ours, peer: "a cat for each file", theirs: peers.loop, bar: undefined },
      { ...ours, peer: "systemd-cgtop, of fewer files", theirs: peers.cgtop, bar: undefined },
      { ...ours, peer: "pread of all files in C", theirs: peers.floor, bar: undefined },
      { ...theirFigures, peer: "systemd-cgtop", theirs: peers.cgtop, bar: 0.3 },
      { ...theirBusy, peer: "5 % of a processor", theirs: mostMs, bar: 1 },
      { ...theirBusy, peer: "pread of all files in C", theirs: busyFloor, bar: undefined },
    ];
  } finally {
    await crowd.dispose();
  }
}

/** Empty cgroups of one parent, in every hierarchy that has a file of ours. */
class Crowd {
  readonly paths: readonly string[];
  readonly files: readonly string[];
  readonly #name: string;
  readonly #hierarchies = readCgroupMounts().hierarchies.filter(isCounting);
  readonly #parents: readonly string[];

  constructor(name: string) {
    this.#name = name;
    this.#parents = this.#hierarchies.map(({ mountPoint }) => join(mountPoint, name));
    this.paths = Array.from({ length: count }, (_, index) => `/${name}/${index}`);
    for (const parent of this.#parents) {
      mkdirSync(parent);
      for (let index = 0; index < count; index++) mkdirSync(join(parent, `${index}`));
    }
    this.files = Array.from({ length: count }, (_, index) => this.#filesOf(index)).flat();
  }

  /** Paths of cgroup.procs, a line for each cgroup. */
  get members(): string {
    const line = (index: number) =>
      this.#parents.map((parent) => join(parent, `${index}`, "cgroup.procs")).join(" ");
    return Array.from({ length: count }, (_, index) => `${line(index)}\n`).join("");
  }

  placed(index: number): readonly PlacedCgroup[] {
    return this.#hierarchies.map((hierarchy) => ({
      hierarchy,
      directory: join(hierarchy.mountPoint, this.#name, `${index}`),
    }));
  }

  /** A process that was killed leaves its cgroup a moment later. */
  async dispose(): Promise<void> {
    for (const parent of this.#parents) {
      for (let index = 0; index < count; index++) await remove(join(parent, `${index}`));
      await remove(parent);
    }
  }

  #filesOf(index: number): readonly string[] {
    const given = new Set<string>();
    return usageFiles({ bfq: false, hugePageSizes: [] }).flatMap(({ file, gives }) => {
      if (gives.every((figure) => given.has(figure))) return [];
      const path = this.#parents.map((parent) => join(parent, `${index}`, file)).find(existsSync);
      if (path) for (const figure of gives) given.add(figure);
      return path ?? [];
    });
  }
}

function isCounting({ version, controllers }: CgroupMount): boolean {
  const counted = ["cpu", "cpuacct", "memory", "pids", "blkio"];
  return version === 2 || counted.some((controller) => controllers.includes(controller));
}

async function remove(directory: string): Promise<void> {
  for (let attempt = 0; attempt < 500; attempt++) {
    try {
      rmdirSync(directory);
      return;
    } catch {
      await sleep(10);
    }
  }
}

function helperMs(targets: readonly string[]): Promise<number> {
  return withHelper(async (connection) => {
    const { pid } = await connection.request("initialize", { client: "bench", protocol: 1 });
    await connection.request("usage/watch", { targets: [...targets], intervalMs });
    await sleep(settlingMs);
    await roundsOf(connection, 1);
    const before = processorMs(pid);
    await roundsOf(connection, rounds);
    return (processorMs(pid) - before) / rounds;
  });
}

function roundsOf(connection: HelperConnection, some: number): Promise<void> {
  return new Promise((resolve) => {
    let left = some;
    connection.onNotification("usage/didSample", () => {
      left -= 1;
      if (left === 0) resolve();
    });
  });
}

/** What systemd-cgtop opens of each cgroup, by strace: in version 1 its file of I/O is one that is gone. */
const cgtopFiles = ["cpuacct.usage", "memory.usage_in_bytes", "pids.current"].concat(
  ...["cpu.stat", "memory.current", "io.stat"],
);

/** The helper's own readers, told to read no more than these, in this process: nobody is told. */
function readersMs(crowd: Crowd, names: readonly string[]): number {
  const rows = usageFiles({ bfq: false, hugePageSizes: [] }).filter(
    ({ version, file }) => names.includes(file) && !(version === 1 && file === "cpu.stat"),
  );
  const above = new FilesAbove();
  const readers = crowd.paths.map(
    (_, index) => new UsageReader(crowd.placed(index), rows, "all", above),
  );
  try {
    for (const reader of readers) reader.read();
    const before = process.cpuUsage();
    for (let round = 0; round < rounds; round++) for (const reader of readers) reader.read();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1_000 / rounds;
  } finally {
    for (const reader of readers) reader.dispose();
  }
}

/**
 * Of its rounds without its start: it lists each cgroup in four hierarchies, and opens a few files anew. In a
 * cgroup namespace it ends by a fault, and there is no figure to compare with.
 */
function cgtopMs(): number {
  const top = (iterations: number) =>
    `systemd-cgtop --batch --depth=9 --delay=100ms --iterations=${iterations}`;
  return (commandMs(top(11)) - commandMs(top(1))) / 10;
}

/** As a script does it, with so many files to a process. */
function catMs(files: readonly string[], each: number): number {
  return commandMs(`xargs -s ${longestArguments} -n ${each} cat`, `${files.join("\n")}\n`);
}

/** Below the 2 MiB that execve(2) takes at the usual limit of the stack. */
const longestArguments = 1_900_000;

/** The loop that people write, for a tenth of the files: it would take a quarter of a minute. */
function loopMs(files: readonly string[]): number {
  const some = files.filter((_, index) => index % 10 === 0);
  const loop = 'while read -r file; do cat "$file"; done';
  return commandMs(loop, `${some.join("\n")}\n`) * (files.length / some.length);
}

function commandMs(command: string, input = ""): number {
  // The status of what was measured is the script's: what ended early took no time.
  const script = `TIMEFORMAT='%U %S'; { time { ${command}; } >/dev/null 2>&1; } 2>&1`;
  const output = execFileSync("bash", ["-c", script], { input, encoding: "utf8" });
  const [user, system] = output.trim().split(" ").map(Number);
  return 1_000 * ((user ?? 0) + (system ?? 0));
}

/** With the same pause between its rounds: what else ran meanwhile has taken the caches. */
function floorMs(files: readonly string[]): number {
  const input = `${files.join("\n")}\n`;
  const words = [`${rounds}`, `${intervalMs}`];
  return Number(execFileSync(compile("reads"), words, { input, encoding: "utf8" })) / 1_000;
}

async function whileBusy<T>(crowd: Crowd, measure: () => Promise<T>): Promise<T> {
  const child = spawn(compile("crowd"), { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(child, "exit");
  child.stdin.end(crowd.members);
  try {
    await once(child.stdout, "data");
    return await measure();
  } finally {
    child.stdout.destroy();
    child.kill("SIGKILL");
    await ended;
  }
}
