import {
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  statSync,
} from "node:fs";
import { type NamespaceType, namespaceTypes } from "../protocol/namespaces.ts";
import { type CgroupMount, cgroupDirectory, hierarchyId, readCgroupMounts } from "./cgroupfs.ts";
import { isDenied, isGone } from "./errors.ts";
import { printable } from "./printable.ts";
import { processIds } from "./procfs.ts";
import {
  type ProcessStat,
  parseCgroupMemberships,
  parseNamespaceLink,
  parseStat,
  parseUidAndPids,
} from "./proctext.ts";
import {
  type CgroupIds,
  cgroupIdsOfZombie,
  type LooseThread,
  type NamespaceInodes,
  type Task,
  type TaskTable,
} from "./taskTable.ts";

/**
 * The table of processes from /proc, where the iterator cannot be had: three files and eight links of each
 * process. What takes the time is the kernel, which resolves eleven paths: libc's calls by koffi, with a kept
 * descriptor of each process's directory, were a tenth faster, and Node's own are used.
 */

/** include/linux/sched.h. */
const PF_KTHREAD = 0x0020_0000;

/**
 * What a thread can leave its process in. A user or time namespace is entered by processes of one thread only,
 * and a thread is made in its process's pid namespace: setns(2), unshare(2), clone(2).
 */
const typesOfThreads = ["mnt", "net", "uts", "ipc", "cgroup"] as const satisfies NamespaceType[];

/** Whoever may start threads may start very many. */
const maximumThreads = 10_000;

interface Scan {
  readonly tasks: Task[];
  readonly threads: LooseThread[];
  denied: number;
  threadsLeft: number;
  readonly cgroupIdsOf: (text: string) => CgroupIds;
}

export function readProcTasks(): TaskTable {
  const scan: Scan = {
    ...{ tasks: [], threads: [], denied: 0, threadsLeft: maximumThreads },
    cgroupIdsOf: cgroupLookup(),
  };
  for (const pid of processIds()) readTask(pid, scan);
  const { tasks, threads, denied } = scan;
  return { source: "proc", tasks, threads, denied };
}

/** Adds nothing for a process that has ended meanwhile, or is another user's and hidden. */
function readTask(pid: number, scan: Scan): void {
  const stat = parseStat(readText(`/proc/${pid}/stat`) ?? "");
  const identity = parseUidAndPids(readText(`/proc/${pid}/status`) ?? "");
  const cgroups = readText(`/proc/${pid}/cgroup`);
  if (!stat || !identity || cgroups === undefined) return;
  const links = readNamespaces(pid, stat);
  if (links === "gone") return;
  if (links === "denied") scan.denied += 1;
  const namespaces = links === "denied" ? unknownNamespaces : links;
  const zombie = isZombie(stat) || (links !== "denied" && namespaces.mnt === 0);
  const cgroupIds = scan.cgroupIdsOf(cgroups);
  scan.tasks.push({
    pid,
    parentPid: stat.parentPid,
    uid: identity.uid,
    startTimeTicks: stat.startTimeTicks,
    command: printable(stat.command),
    nestedPids: identity.nestedPids,
    namespaces,
    cgroupIds: zombie ? cgroupIdsOfZombie(cgroupIds) : cgroupIds,
    kernelThread: (stat.flags & PF_KTHREAD) !== 0,
    zombie,
  });
  if (stat.threads > 1 && links !== "denied") readThreads(pid, namespaces, scan);
}

const unknownNamespaces: NamespaceInodes = {
  ...{ pid: 0, mnt: 0, net: 0, user: 0, uts: 0, ipc: 0, cgroup: 0, time: 0 },
};

function isZombie({ state }: ProcessStat): boolean {
  return state === "Z" || state === "X";
}

/** A zombie has two only: six answers of ENOENT would cost more than all else. */
const typesOfZombies = ["pid", "user"] as const satisfies NamespaceType[];

function readNamespaces(pid: number, stat: ProcessStat): NamespaceInodes | "denied" | "gone" {
  return readLinks(`/proc/${pid}/ns`, isZombie(stat) ? typesOfZombies : namespaceTypes);
}

/** Reading needs the rights of ptrace(2), PTRACE_MODE_READ_FSCREDS; who may read one may read all. */
function readLinks(
  directory: string,
  types: readonly NamespaceType[],
): NamespaceInodes | "denied" | "gone" {
  const inodes = { ...unknownNamespaces };
  for (const type of types) {
    try {
      inodes[type] = parseNamespaceLink(readlinkSync(`${directory}/${type}`), type) ?? 0;
    } catch (error) {
      if (isDenied(error)) return "denied";
      if (!isGone(error)) throw error;
    }
  }
  return Object.values(inodes).some((inode) => inode !== 0) ? inodes : "gone";
}

function readThreads(pid: number, ofProcess: NamespaceInodes, scan: Scan): void {
  for (const tid of threadIds(pid)) {
    if (tid === pid) continue;
    if (scan.threadsLeft === 0) return;
    scan.threadsLeft -= 1;
    const links = readLinks(`/proc/${pid}/task/${tid}/ns`, typesOfThreads);
    // A thread that ends lets go of its namespaces first.
    if (typeof links === "string" || links.mnt === 0) continue;
    if (typesOfThreads.every((type) => links[type] === ofProcess[type])) continue;
    const { pid: pidNamespace, user, time } = ofProcess;
    scan.threads.push({ pid, tid, namespaces: { ...links, pid: pidNamespace, user, time } });
  }
}

function threadIds(pid: number): readonly number[] {
  return unlessGone(() => readdirSync(`/proc/${pid}/task`).map(Number)) ?? [];
}

/** By the text of /proc/PID/cgroup, which many processes have in common; for one scan, as cgroups come and go. */
function cgroupLookup(): Scan["cgroupIdsOf"] {
  const mounts = new Map(readCgroupMounts().hierarchies.map((mount) => [mount.id, mount]));
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

/** procfs makes the text of a file while it is read: one call gets the whole of nearly every one. */
const buffer = Buffer.allocUnsafe(16_384);

/** Undefined for what has ended, or is hidden (proc(5), hidepid). */
function readText(path: string): string | undefined {
  return unlessGone(() => {
    const fd = openSync(path, "r");
    try {
      const length = readSync(fd, buffer, 0, buffer.length, null);
      // A process may be in 65,536 groups, and its status names each.
      return length < buffer.length
        ? buffer.toString("utf8", 0, length)
        : readFileSync(path, "utf8");
    } finally {
      closeSync(fd);
    }
  });
}

function unlessGone<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (isGone(error) || isDenied(error)) return undefined;
    throw error;
  }
}
