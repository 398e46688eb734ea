import { readlinkSync } from "node:fs";
import { processFact } from "../inventory/processes.ts";
import { processIds, readStat } from "../kernel/procfs.ts";
import type { ProcessFact } from "../protocol/inventory.ts";
import type { NamespaceType } from "../protocol/namespaces.ts";
import { innerPid } from "../protocol/processes.ts";
import { isNew } from "../protocol/sharing.ts";
import type { SandboxRecord } from "./record.ts";

/**
 * Every process of each sandbox, by a namespace that is its own: those that exec started belong to it like
 * all others. Keyed by sandbox id; PID 1 first, and an init that is not PID 1 last.
 */
export function readMembers(
  records: readonly SandboxRecord[],
): ReadonlyMap<string, readonly ProcessFact[]> {
  const owners = new Map(records.map((record) => [ownNamespace(record), record]));
  const types = memberTypes.filter((type) => records.some((record) => memberType(record) === type));
  const members = new Map<string, ProcessFact[]>(records.map(({ id }) => [id, []]));
  for (const pid of processIds()) {
    const record = ownerOf(pid, types, owners) ?? records.find(({ init }) => init?.pid === pid);
    const fact = record && processFact(pid);
    if (fact && !isZombie(pid)) members.get(record.id)?.push(fact);
  }
  for (const record of records) members.get(record.id)?.sort(byPid(record));
  return members;
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

function ownNamespace(record: SandboxRecord): string | undefined {
  const type = memberType(record);
  return type && `${type}:[${record.namespaces[type]}]`;
}

function ownerOf(
  pid: number,
  types: readonly NamespaceType[],
  owners: ReadonlyMap<string | undefined, SandboxRecord>,
): SandboxRecord | undefined {
  for (const type of types) {
    const owner = owners.get(namespaceLink(pid, type));
    if (owner) return owner;
  }
  return undefined;
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
function namespaceLink(pid: number, type: NamespaceType): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/${type}`);
  } catch {
    return "";
  }
}
