import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readCgroupTree } from "../../helper/inventory/cgroups/tree.ts";
import { readSnapshot } from "../../helper/inventory/snapshot.ts";
import { prepareTasks, readTasks, type TaskTable } from "../../helper/inventory/tasks.ts";
import { type CgroupMounts, readCgroupMounts } from "../../helper/kernel/cgroupfs.ts";
import { readProcTasks } from "../../helper/kernel/procTasks.ts";
import { type Contest, median } from "./contest.ts";
import { compile } from "./race.ts";

/**
 * Processor time of one snapshot of all processes and namespaces, with the parents and owners of these, none of which
 * is known yet, by the iterator and by /proc, beside lsns. Where cgroups are mounted, and which there are, is known; of
 * the processes /proc has been read before, as in a helper that stays: what cannot be another since, it spares. Beside
 * so many processes those that the machine has anyway count little.
 */

const sizes = [50, 500, 5_000] as const;
const processesInSet = 10;
const largest = 5_000;
const rounds = { iterator: 20, proc: 5, lsns: 3 } as const;

interface Times {
  readonly processes: number;
  readonly iterator: number;
  readonly proc: number;
  readonly lsns: number;
}

export async function inventory(): Promise<readonly Contest[]> {
  const prepared = await prepareTasks();
  if (prepared.source === "proc") throw new Error(`no task iterator: ${prepared.why}`);
  const times: Times[] = [];
  for (const size of sizes) times.push(await amongProcesses(size, () => measure(size)));
  return [...times.flatMap(snapshots), ...slopes(times)];
}

function snapshots({ processes, iterator, proc, lsns }: Times): readonly Contest[] {
  const isLargest = processes === largest;
  const barOf = (bar: number) => (isLargest ? bar : undefined);
  const work = `snapshot of ${processes} processes`;
  const beside = { unit: "ms", peer: "lsns", theirs: lsns } as const;
  return [
    {
      ...beside,
      work: `${work}, iterator`,
      peer: "10 ms",
      ours: iterator,
      theirs: 10,
      bar: barOf(1),
    },
    { ...beside, work: `${work}, iterator`, ours: iterator, bar: barOf(0.01) },
    { ...beside, work: `${work}, /proc`, ours: proc, bar: barOf(0.2) },
  ];
}

/** What one process more costs, among many and among few: the same, where the time grows linearly. */
function slopes([few, some, many]: readonly Times[]): readonly Contest[] {
  if (!few || !some || !many) return [];
  return (["iterator", "proc", "lsns"] as const).map((source) => ({
    work: `each process more of ${many.processes}, ${source}`,
    unit: "µs",
    peer: `of ${some.processes}`,
    ours: slope(some, many, source),
    theirs: slope(few, some, source),
    bar: undefined,
  }));
}

function slope(from: Times, to: Times, source: "iterator" | "proc" | "lsns"): number {
  return ((to[source] - from[source]) / (to.processes - from.processes)) * 1_000;
}

function measure(processes: number): Times {
  return {
    processes,
    iterator: median(repeat(rounds.iterator, () => snapshotMs(readTasks))),
    proc: median(
      repeat(rounds.proc, () => snapshotMs((mounts) => readProcTasks(undefined, mounts))),
    ),
    lsns: median(repeat(rounds.lsns, lsnsMs)),
  };
}

/** The first one warms up, and is not counted. */
function repeat(count: number, measureOnce: () => number): readonly number[] {
  return Array.from({ length: count + 1 }, measureOnce).slice(1);
}

function snapshotMs(read: (mounts: CgroupMounts) => TaskTable): number {
  const mounts = readCgroupMounts();
  const cgroups = readCgroupTree(mounts);
  const before = process.cpuUsage();
  readSnapshot({ mounts, cgroups, tasks: read(mounts) });
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

function lsnsMs(): number {
  const script = "TIMEFORMAT='%3U %3S'; { time lsns >/dev/null; } 2>&1";
  const output = execFileSync("bash", ["-c", script], { encoding: "utf8" });
  const [user = 0, system = 0] = output.trim().split(" ").map(Number);
  return (user + system) * 1_000;
}

async function amongProcesses<T>(processes: number, work: () => T): Promise<T> {
  const args = [`${processes}`, `${processes / processesInSet}`];
  const crowd = spawn(compile("namespaces"), args, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(crowd, "exit");
  try {
    await once(crowd.stdout, "data");
    return work();
  } finally {
    crowd.stdout.destroy();
    crowd.kill("SIGKILL");
    await ended;
  }
}
