import { readCgroupFile } from "../kernel/cgroupfs.ts";
import type { PlacedCgroup } from "../limits/target.ts";

/** How one counter is read in one version of cgroups. */
interface Source {
  /** The first that is there: the `.local` ones leave out what happened to a cgroup below. */
  readonly files: readonly string[];
  read(text: string): number | undefined;
}

interface CounterRow {
  readonly controller: string;
  readonly v1?: Source;
  readonly v2?: Source;
}

/**
 * cgroup-v2.rst; cgroup-v1/memory.rst; mm/memcontrol.c (version 1 counts a kill where the process was, and
 * nowhere above); kernel/cgroup/pids.c (pids.events.local since Linux 6.11).
 */
const counterTable = {
  /** Kills of processes in it, in version 2 of those below too. */
  oomKills: {
    controller: "memory",
    v1: { files: ["memory.oom_control"], read: keyed("oom_kill") },
    v2: { files: ["memory.events"], read: keyed("oom_kill") },
  },
  /** How often its own limit was met. */
  limitHits: {
    controller: "memory",
    v1: { files: ["memory.failcnt"], read: Number },
    v2: { files: ["memory.events.local", "memory.events"], read: keyed("oom") },
  },
  memoryHigh: {
    controller: "memory",
    v2: { files: ["memory.events.local", "memory.events"], read: keyed("high") },
  },
  forksRefused: {
    controller: "pids",
    v1: { files: ["pids.events"], read: keyed("max") },
    v2: { files: ["pids.events.local", "pids.events"], read: keyed("max") },
  },
  periods: cpu("nr_periods"),
  throttled: cpu("nr_throttled"),
} as const satisfies Record<string, CounterRow>;

export type CounterName = keyof typeof counterTable;

/** Absent: the kernel does not count it here. */
export type Counters = { readonly [N in CounterName]?: number | undefined };

const rows = Object.entries(counterTable) as readonly (readonly [CounterName, CounterRow])[];

/** Files whose changes the kernel tells by inotify: version 2 only. */
export const notifyingFiles: readonly string[] = ["memory.events", "pids.events", "cgroup.events"];

/** What the kernel has counted in a target's cgroups until now. */
export function readCounters(cgroups: readonly PlacedCgroup[]): Counters {
  const texts = new Map<string, string | undefined>();
  const read = (directory: string, file: string) => {
    const path = `${directory}/${file}`;
    if (!texts.has(path)) texts.set(path, readCgroupFile(directory, file));
    return texts.get(path);
  };
  return Object.fromEntries(rows.map(([name, row]) => [name, readCounter(row, cgroups, read)]));
}

type Read = (directory: string, file: string) => string | undefined;

function readCounter(
  { controller, ...versions }: CounterRow,
  cgroups: readonly PlacedCgroup[],
  read: Read,
): number | undefined {
  for (const { hierarchy, directory } of cgroups) {
    if (!hierarchy.controllers.includes(controller)) continue;
    const source = hierarchy.version === 1 ? versions.v1 : versions.v2;
    for (const file of source?.files ?? []) {
      const text = read(directory, file);
      if (text !== undefined) return source?.read(text);
    }
  }
  return undefined;
}

function cpu(key: string): CounterRow {
  const source = { files: ["cpu.stat"], read: keyed(key) };
  return { controller: "cpu", v1: source, v2: source };
}

/** A line `key number` of a flat keyed file. */
function keyed(key: string): (text: string) => number | undefined {
  const pattern = new RegExp(`^${key} (\\d+)$`, "m");
  return (text) => {
    const digits = pattern.exec(text)?.[1];
    return digits === undefined ? undefined : Number(digits);
  };
}
