import { readlinkSync } from "node:fs";
import { processFact } from "../inventory/processes.ts";
import { processIds, readStat } from "../kernel/procfs.ts";
import type { ProcessFact } from "../protocol/inventory.ts";
import { innerPid } from "../protocol/processes.ts";
import type { SandboxRecord } from "./record.ts";

/**
 * Every process of each sandbox, by pid namespace: those that exec started belong to it like all others.
 * Keyed by sandbox id; PID 1 first.
 */
export function readMembers(
  records: readonly SandboxRecord[],
): ReadonlyMap<string, readonly ProcessFact[]> {
  const byNamespace = new Map(records.map((record) => [record.namespaces["pid"], record]));
  const members = new Map<string, ProcessFact[]>(records.map(({ id }) => [id, []]));
  for (const pid of processIds()) {
    const record =
      byNamespace.get(pidNamespace(pid)) ?? records.find(({ init }) => init?.pid === pid);
    const fact = record && processFact(pid);
    if (fact && !isZombie(pid)) members.get(record.id)?.push(fact);
  }
  for (const list of members.values()) list.sort((a, b) => innerPid(a) - innerPid(b));
  return members;
}

/** It has ended: who chose one to enter could not, and a command without our init may leave them for ever. */
function isZombie(pid: number): boolean {
  return readStat(pid)?.state === "Z";
}

/** Undefined where the kernel does not tell: init protects itself (PR_SET_DUMPABLE) from all but root. */
function pidNamespace(pid: number): number | undefined {
  try {
    return Number(/\d+/.exec(readlinkSync(`/proc/${pid}/ns/pid`))?.[0]);
  } catch {
    return undefined;
  }
}
