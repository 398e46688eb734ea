import { join } from "node:path";
import { checkSameProcess, parseProcessTarget } from "../inspect/sameProcess.ts";
import { processFact } from "../inventory/processes.ts";
import { childCgroups, readCgroupProcesses } from "../kernel/cgroupfs.ts";
import { readUsers, userName } from "../kernel/identity.ts";
import { processIds, readStat } from "../kernel/procfs.ts";
import { targetOfPath } from "../limits/target.ts";
import { TerrariumError } from "../protocol/errors.ts";
import type { ProcessFact, ProcessList } from "../protocol/inventory.ts";
import type { SandboxHost } from "./host.ts";
import { readMembers } from "./members.ts";
import { findRecord } from "./registry.ts";

/** Nobody looks at more, and a cgroup may hold every process of a machine. */
const mostProcesses = 500;
/** A cgroup's owner may nest them as deep as the kernel lets. */
const deepest = 32;

/** The processes of a sandbox, a cgroup, or below a process: a target as in cgroupTarget.ts. */
export function processesOfTarget({ registry }: SandboxHost, target: string): ProcessList {
  if (target.startsWith("/")) return listOf(membersOfCgroup(target));
  const process = parseProcessTarget(target);
  if (process) {
    const pids = descendantsOf(process.pid);
    checkSameProcess(process);
    return listOf(pids);
  }
  const record = findRecord(registry.records(), target);
  return withUsers(readMembers([record]).get(record.id) ?? []);
}

function listOf(pids: readonly number[]): ProcessList {
  const shown = pids.slice(0, mostProcesses).flatMap((pid) => processFact(pid) ?? []);
  return withUsers(shown, pids.length - mostProcesses);
}

function withUsers(facts: readonly ProcessFact[], leftOut = 0): ProcessList {
  const users = readUsers();
  return {
    processes: facts.map((fact) => ({ ...fact, user: userName(fact.uid, users) })),
    leftOut: Math.max(0, leftOut),
  };
}

function membersOfCgroup(path: string): readonly number[] {
  const directories = targetOfPath(path).cgroups.map(({ directory }) => directory);
  const pids = new Set(directories.flatMap((directory) => processesBelow(directory, deepest)));
  return [...pids].sort((a, b) => a - b);
}

function processesBelow(directory: string, depth: number): readonly number[] {
  const own = readCgroupProcesses(directory);
  if (depth === 0) return own;
  const children = childCgroups(directory).map((name) => join(directory, name));
  return [...own, ...children.flatMap((child) => processesBelow(child, depth - 1))];
}

function descendantsOf(pid: number): readonly number[] {
  const children = new Map<number, number[]>();
  for (const child of processIds()) {
    const parent = readStat(child)?.parentPid ?? 0;
    children.set(parent, [...(children.get(parent) ?? []), child]);
  }
  if (!readStat(pid)) throw new TerrariumError("noSuchProcess", { pid });
  const found = [pid];
  for (const parent of found) found.push(...(children.get(parent) ?? []));
  return found;
}
