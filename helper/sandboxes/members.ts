import { readlinkSync } from "node:fs";
import { processFact } from "../inventory/processes.ts";
import { processIds, readStat } from "../kernel/procfs.ts";
import { parseNamespaceLink } from "../kernel/proctext.ts";
import type { HostProcess } from "../protocol/hostTables.ts";
import type { ProcessFact } from "../protocol/inventory.ts";
import type { NamespaceType } from "../protocol/namespaces.ts";
import { innerPid } from "../protocol/processes.ts";
import { isNew } from "../protocol/sharing.ts";
import type { SandboxRecord } from "./record.ts";

/**
 * Every process of each sandbox, by a namespace that is its own: those that exec started belong to it like
 * all others. Keyed by sandbox id; PID 1 first, and an init that is not PID 1 last.
 */
export function readMembers(records: readonly SandboxRecord[]): Members {
  const ownerOf = owners(records);
  const members = emptyMembers(records);
  for (const pid of processIds()) {
    const record = ownerOf(pid, (type) => namespaceInode(pid, type));
    const fact = record && processFact(pid);
    if (fact && !isZombie(pid)) members.get(record.id)?.push(fact);
  }
  return inOrder(records, members);
}

/** The same of processes that were read already. */
export function findMembers(
  records: readonly SandboxRecord[],
  processes: readonly HostProcess[],
): Members {
  const ownerOf = owners(records);
  const members = emptyMembers(records);
  for (const process of records.length > 0 ? processes : []) {
    if (process.isZombie) continue;
    const record = ownerOf(process.pid, (type) => process.namespaces[type]);
    if (record) members.get(record.id)?.push(factOf(process));
  }
  return inOrder(records, members);
}

type Members = ReadonlyMap<string, readonly ProcessFact[]>;

function emptyMembers(records: readonly SandboxRecord[]): Map<string, ProcessFact[]> {
  return new Map(records.map(({ id }) => [id, []]));
}

function inOrder(
  records: readonly SandboxRecord[],
  members: ReadonlyMap<string, ProcessFact[]>,
): Members {
  for (const record of records) members.get(record.id)?.sort(byPid(record));
  return members;
}

/** Without what concerns the host only. */
function factOf(process: HostProcess): ProcessFact {
  const { pid, nestedPids, parentPid, uid, command, commandLine, startTimeTicks } = process;
  return { pid, nestedPids, parentPid, uid, command, commandLine, startTimeTicks };
}

/**
 * The pid namespace last: who joined one of another sandbox's has something else of its own. Without any of
 * these only init can be told from the rest.
 */
const memberTypes = ["mnt", "net", "ipc", "uts", "cgroup", "pid"] as const;

function memberType({ spec }: SandboxRecord): NamespaceType | undefined {
  if (isNew(spec.namespaces, "pid")) return "pid";
  return memberTypes.find((type) => isNew(spec.namespaces, type));
}

/** Whose a process is, by its number and the inodes of its namespaces. */
function owners(records: readonly SandboxRecord[]) {
  const types = memberTypes.filter((type) => records.some((record) => memberType(record) === type));
  const byInode = new Map(records.map((record) => [ownInode(record), record]));
  const byInit = new Map(records.map((record) => [record.init?.pid, record]));
  return (pid: number, inodeOf: (type: NamespaceType) => number | undefined) => {
    for (const type of types) {
      const inode = inodeOf(type);
      const owner = inode === undefined ? undefined : byInode.get(inode);
      if (owner && memberType(owner) === type) return owner;
    }
    return byInit.get(pid);
  };
}

function ownInode(record: SandboxRecord): number | undefined {
  const type = memberType(record);
  return type && record.namespaces[type];
}

/** The first that is not PID 1 is the one to enter (mainProcess): never init. */
function byPid({ init, spec }: SandboxRecord) {
  const last = isNew(spec.namespaces, "pid") ? undefined : init?.pid;
  const place = (fact: ProcessFact) => (fact.pid === last ? Infinity : innerPid(fact));
  return (a: ProcessFact, b: ProcessFact) => place(a) - place(b);
}

/** It has ended: who chose one to enter could not, and a command without our init may leave them for ever. */
function isZombie(pid: number): boolean {
  return readStat(pid)?.state === "Z";
}

/** Nothing where the kernel does not tell: init protects itself (PR_SET_DUMPABLE) from all but root. */
function namespaceInode(pid: number, type: NamespaceType): number | undefined {
  try {
    return parseNamespaceLink(readlinkSync(`/proc/${pid}/ns/${type}`), type);
  } catch {
    return undefined;
  }
}
