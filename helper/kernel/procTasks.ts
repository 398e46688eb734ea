import { readdirSync, statSync } from "node:fs";
import type { NamespaceType } from "../protocol/namespaces.ts";
import { printable } from "../protocol/printable.ts";
import {
  type CgroupMount,
  type CgroupMounts,
  cgroupDirectory,
  hierarchyId,
  readCgroupMounts,
} from "./cgroupfs.ts";
import { isDenied, isGone } from "./errors.ts";
import {
  openProcessDirectory,
  type ProcessDirectory,
  unknownNamespaces,
} from "./processDirectory.ts";
import { namespaceLinks, processIds } from "./procfs.ts";
import {
  type ProcessStat,
  parseCgroupMemberships,
  parseNestedPids,
  parseStat,
} from "./proctext.ts";
import {
  type CgroupIds,
  cgroupIdsOfZombie,
  type LooseThread,
  type NamespaceInodes,
  type Task,
  type TaskTable,
} from "./taskTable.ts";

/** The table of processes from /proc, where the iterator cannot be had: of each two files and eight links. */

/** include/linux/sched.h. */
const PF_KTHREAD = 0x0020_0000;

/** Whoever may start threads may start very many. */
const maximumThreads = 10_000;

interface Scan {
  readonly tasks: Task[];
  readonly threads: LooseThread[];
  readonly known: Map<number, Known>;
  readonly ownPidNamespace: number;
  readonly cgroupIdsOf: (text: string) => CgroupIds;
  denied: number;
  threadsLeft: number;
}

/** What a process has for as long as it is there, and what is its own doing: it is the same until it runs again. */
interface Known {
  readonly startTimeTicks: number;
  readonly nestedPids: readonly number[];
  /** Its schedstat, which was read before the others; undefined at a first look. */
  readonly ran: string | undefined;
  readonly links: NamespaceInodes | "denied";
  readonly uid: number;
}

const mostKnown = 65_536;

/** Of the last scans: eight links and the owner cost four times what it takes to see that a process has not run. */
let known = new Map<number, Known>();

/** All that the helper can see, or those of a list. */
export function readProcTasks(
  some?: readonly number[],
  mounts: CgroupMounts = readCgroupMounts(),
): TaskTable {
  const own = namespaceLinks("self", ["pid"]);
  const scan: Scan = {
    ...{ tasks: [], threads: [], known: new Map() },
    ...{ denied: 0, threadsLeft: maximumThreads },
    ownPidNamespace: typeof own === "object" ? own.pid : 0,
    cgroupIdsOf: cgroupLookup(mounts),
  };
  for (const pid of some ?? processIds()) readProcess(pid, scan);
  // A list says nothing of those that are not in it. Who ended meanwhile is forgotten with the next scan of all.
  if (some === undefined || known.size > mostKnown) known = scan.known;
  else for (const [pid, one] of scan.known) known.set(pid, one);
  const { tasks, threads, denied } = scan;
  return { source: "proc", tasks, threads, denied };
}

/** Adds nothing for a process that has ended meanwhile, or is another user's and hidden (proc(5), hidepid). */
function readProcess(pid: number, scan: Scan): void {
  const directory = openProcessDirectory(`/proc/${pid}`);
  try {
    if (directory) readTask(directory, scan);
  } finally {
    directory?.close();
  }
}

function readTask(directory: ProcessDirectory, scan: Scan): void {
  const stat = parseStat(directory.text("stat") ?? "");
  const cgroups = directory.text("cgroup");
  if (!stat || cgroups === undefined) return;
  const own = readOwn(directory, stat, scan);
  if (!own) return;
  scan.known.set(stat.pid, own);
  const { links, uid, nestedPids } = own;
  const namespaces = links === "denied" ? unknownNamespaces : links;
  if (links === "denied") scan.denied += 1;
  const kernelThread = (stat.flags & PF_KTHREAD) !== 0;
  const zombie = isZombie(stat) || (links !== "denied" && namespaces.mnt === 0);
  const cgroupIds = scan.cgroupIdsOf(cgroups);
  scan.tasks.push({
    ...{ pid: stat.pid, parentPid: stat.parentPid, uid, startTimeTicks: stat.startTimeTicks },
    command: printable(kernelThread ? commOfKernelThread(stat.command) : stat.command),
    nestedPids,
    namespaces,
    cgroupIds: zombie ? cgroupIdsOfZombie(cgroupIds) : cgroupIds,
    ...{ kernelThread, zombie },
  });
  if (stat.threads > 1 && links !== "denied") readThreads(stat.pid, namespaces, scan);
}

function readOwn(directory: ProcessDirectory, stat: ProcessStat, scan: Scan): Known | undefined {
  const { pid, startTimeTicks, state } = stat;
  const last = known.get(pid);
  const before = last?.startTimeTicks === startTimeTicks ? last : undefined;
  const ran = before && directory.text("schedstat");
  if (before && state !== "R" && isCounted(ran) && ran === before.ran) return before;
  const uid = directory.uid();
  const links = directory.namespaces();
  // It has ended meanwhile: who waits to be reaped is in a pid namespace still.
  if (links !== "denied" && links.pid === 0) return undefined;
  const nestedPids = before?.nestedPids ?? nestedPidsOf(directory, pid, links, scan);
  if (nestedPids === undefined || uid === undefined) return undefined;
  return { startTimeTicks, nestedPids, ran, links, uid };
}

/** Not every kernel counts how long and how often each process ran: CONFIG_SCHED_INFO. */
function isCounted(schedstat: string | undefined): boolean {
  return schedstat !== undefined && schedstat !== "0 0 0\n";
}

function nestedPidsOf(
  directory: ProcessDirectory,
  pid: number,
  links: NamespaceInodes | "denied",
  { ownPidNamespace }: Scan,
): readonly number[] | undefined {
  if (links !== "denied" && links.pid === ownPidNamespace) return [pid];
  return parseNestedPids(directory.text("status") ?? "");
}

/** TASK_COMM_LEN, without the NUL. */
const longestComm = 15;

/** /proc has a longer name for it, and tells of a worker what it works on, which changes all the time. */
function commOfKernelThread(name: string): string {
  return name.replace(/^(kworker\/u?\d+:\d+H?)[-+].*/s, "$1").slice(0, longestComm);
}

function isZombie({ state }: ProcessStat): boolean {
  return state === "Z" || state === "X";
}

/**
 * What a thread can leave its process in. A user or time namespace is entered by processes of one thread only,
 * and a thread is made in its process's pid namespace: setns(2), unshare(2), clone(2).
 */
const typesOfThreads = ["mnt", "net", "uts", "ipc", "cgroup"] as const satisfies NamespaceType[];

function readThreads(pid: number, ofProcess: NamespaceInodes, scan: Scan): void {
  for (const tid of threadIds(pid)) {
    if (tid === pid) continue;
    if (scan.threadsLeft === 0) return;
    scan.threadsLeft -= 1;
    const directory = openProcessDirectory(`/proc/${pid}/task/${tid}`);
    const namespaces = directory?.namespaces() ?? "denied";
    directory?.close();
    // A thread that ends lets go of its namespaces first.
    if (namespaces === "denied" || namespaces.mnt === 0) continue;
    if (typesOfThreads.every((type) => namespaces[type] === ofProcess[type])) continue;
    scan.threads.push({ pid, tid, namespaces });
  }
}

function threadIds(pid: number): readonly number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map(Number);
  } catch (error) {
    if (isGone(error) || isDenied(error)) return [];
    throw error;
  }
}

/** By the text of /proc/PID/cgroup, which many processes have in common; for one scan, as cgroups come and go. */
function cgroupLookup({ hierarchies }: CgroupMounts): Scan["cgroupIdsOf"] {
  const mounts = new Map(hierarchies.map((mount) => [mount.id, mount]));
  const known = new Map<string, CgroupIds>();
  return (text) => {
    const ids = known.get(text) ?? findCgroupIds(text, mounts);
    known.set(text, ids);
    return ids;
  };
}

/** Without what was removed, is mounted nowhere, or lies outside the helper's cgroup namespace. */
function findCgroupIds(text: string, mounts: ReadonlyMap<string, CgroupMount>): CgroupIds {
  const found: Record<string, number> = {};
  for (const membership of parseCgroupMemberships(text)) {
    const id = hierarchyId(membership);
    const mount = mounts.get(id);
    const directory = mount && cgroupDirectory(mount, membership.path);
    const inode = directory && statSync(directory, { throwIfNoEntry: false })?.ino;
    if (inode) found[id] = inode;
  }
  return found;
}
