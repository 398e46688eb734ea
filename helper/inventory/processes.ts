import { readCommandLine, readStat, readStatus } from "../kernel/procfs.ts";
import type { HostProcess } from "../protocol/hostTables.ts";
import type { ProcessFact } from "../protocol/inventory.ts";
import { type NamespaceType, namespaceTypes } from "../protocol/namespaces.ts";
import { printable } from "../protocol/printable.ts";
import { isSameRow } from "../protocol/tableChanges.ts";
import type { CgroupRow } from "./cgroups/tree.ts";
import { commandLineOf } from "./commandLines.ts";
import type { KeptRows } from "./keptRows.ts";
import type { CgroupIds, NamespaceInodes, Task } from "./tasks.ts";
import { mapped, type Steps } from "./turns.ts";

const commandLineLength = 256;

/**
 * A row for each process: what the kernel tells of all at once, its command line, and where its cgroups are. One that
 * is `kept` is the same object as long as its cgroups have their names.
 */
export function* processRows(
  tasks: readonly Task[],
  cgroups: readonly CgroupRow[],
  kept?: KeptRows,
): Steps<readonly HostProcess[]> {
  const lookup = lastLookups.get(cgroups) ?? (yield* cgroupPaths(cgroups));
  lastLookups.set(cgroups, lookup);
  const pathsOf = asBefore(lookup);
  const namespacesOf = asBefore(knownOf);
  const made = yield* mapped(tasks, (task) => {
    const cgroups = pathsOf(task.cgroupIds);
    const known = kept?.get(task);
    if (known?.cgroups === cgroups) return known;
    const row = rowOf(task, namespacesOf(task.namespaces), cgroups);
    kept?.set(task, row);
    return row;
  });
  kept?.forgetEnded(tasks);
  return made;
}

function rowOf(
  task: Task,
  namespaces: HostProcess["namespaces"],
  cgroups: HostProcess["cgroups"],
): HostProcess {
  return {
    pid: task.pid,
    nestedPids: task.nestedPids,
    parentPid: task.parentPid,
    uid: task.uid,
    command: task.command,
    commandLine: commandLineOf(task),
    startTimeTicks: task.startTimeTicks,
    namespaces,
    cgroups,
    isKernelThread: task.kernelThread,
    isZombie: task.zombie,
  };
}

/** What a list shows of a process; undefined when it has ended. */
export function processFact(pid: number): ProcessFact | undefined {
  const stat = readStat(pid);
  const status = readStatus(pid);
  const commandLine = readCommandLine(pid);
  if (!stat || !status || !commandLine) return undefined;
  return {
    pid,
    nestedPids: status.nestedPids,
    parentPid: stat.parentPid,
    uid: status.uid.effective,
    command: printable(stat.command),
    commandLine: printable(commandLine.join(" "), commandLineLength),
    startTimeTicks: stat.startTimeTicks,
  };
}

/** Most are where the one before is, which has been made already. */
function asBefore<From, To>(make: (from: From) => To): (from: From) => To {
  let last: { readonly from: From; readonly made: To } | undefined;
  return (from) => {
    if (last?.from !== from) last = { from, made: make(from) };
    return last.made;
  };
}

function knownOf(inodes: NamespaceInodes): HostProcess["namespaces"] {
  for (const type of namespaceTypes) if (inodes[type] === 0) return withoutUnknown(inodes);
  return inodes;
}

function withoutUnknown(inodes: NamespaceInodes): HostProcess["namespaces"] {
  const known: Partial<Record<NamespaceType, number>> = {};
  for (const type of namespaceTypes) if (inodes[type] !== 0) known[type] = inodes[type];
  return known;
}

/** By hierarchy and inode. */
type Paths = Map<string, Map<number, string>>;

const cgroupsAStep = 256;

/** What the paths of these ids were when they were last asked for. */
const lastPaths = new WeakMap<CgroupIds, HostProcess["cgroups"]>();

/** Paths by hierarchy, roots left out; of processes in the same cgroups one object, which is kept while it is true. */
type Lookup = (ids: CgroupIds) => HostProcess["cgroups"];

/** By the rows that it was made of: as long as no cgroup came or went they are the same. */
const lastLookups = new WeakMap<readonly CgroupRow[], Lookup>();

function* cgroupPaths(cgroups: readonly CgroupRow[]): Steps<Lookup> {
  const paths: Paths = new Map();
  for (const [place, { hierarchy, inode, path }] of cgroups.entries()) {
    const ofHierarchy = paths.get(hierarchy) ?? new Map<number, string>();
    paths.set(hierarchy, ofHierarchy.set(inode, path));
    if (place % cgroupsAStep === 0) yield;
  }
  const known = new WeakMap<CgroupIds, HostProcess["cgroups"]>();
  return (ids: CgroupIds): HostProcess["cgroups"] => {
    const found = known.get(ids) ?? keepPaths(ids, namedPaths(ids, paths));
    known.set(ids, found);
    return found;
  };
}

function keepPaths(ids: CgroupIds, named: HostProcess["cgroups"]): HostProcess["cgroups"] {
  const last = lastPaths.get(ids);
  if (last && isSameRow(last, named)) return last;
  lastPaths.set(ids, named);
  return named;
}

function namedPaths(ids: CgroupIds, paths: Paths): HostProcess["cgroups"] {
  const named: Record<string, string> = {};
  for (const [id, inode] of Object.entries(ids)) {
    const hierarchy = printable(id);
    const path = paths.get(hierarchy)?.get(inode);
    if (path !== undefined && path !== "/") named[hierarchy] = path;
  }
  return named;
}
