import { type NamespaceLinks, namespaceLinks, processIds } from "../kernel/procfs.ts";
import type { NamespaceFact, NamespaceReport, ProcessFact } from "../protocol/inventory.ts";
import { type NamespaceType, namespaceTypes } from "../protocol/namespaces.ts";
import { initialNamespaces } from "./namespaces/initial.ts";
import { ownerUid } from "./owner.ts";
import { processFact } from "./processes.ts";

export interface NamespaceQuery {
  /** Absent: all eight. */
  readonly types?: readonly NamespaceType[] | undefined;
  /** Names of the running sandboxes by the inode of every namespace of theirs. */
  readonly sandboxes: ReadonlyMap<number, string>;
}

interface Member {
  readonly fact: ProcessFact;
  readonly links: NamespaceLinks;
}

/**
 * The namespaces that processes are in, from one pass over /proc: a readlink for each process and type,
 * then two ioctls for each namespace. (lsns opens every link of every process, and every socket.)
 */
export function readNamespaces({ types, sandboxes }: NamespaceQuery): NamespaceReport {
  const wanted = namespaceTypes.filter((type) => types?.includes(type) ?? true);
  const { members, deniedProcesses } = readMembers(wanted);
  const sandboxOf = sandboxLookup(members, sandboxes);
  const initial = initialNamespaces();
  const namespaces = wanted.flatMap((type) =>
    [...groupByInode(members, type)].map(
      ([inode, processes]): NamespaceFact => ({
        type,
        inode,
        isInitial: initial.has(inode),
        sandbox: sandboxes.get(inode) ?? commonSandbox(processes, sandboxOf),
        ownerUid: ownerUid(processes[0]?.pid, type, inode),
        processes,
      }),
    ),
  );
  return { namespaces, deniedProcesses };
}

function readMembers(wanted: readonly NamespaceType[]) {
  const members: Member[] = [];
  let deniedProcesses = 0;
  // A process belongs to a sandbox by its pid namespace, whichever types were asked for.
  const types: readonly NamespaceType[] = [...new Set([...wanted, "pid" as const])];
  for (const pid of processIds()) {
    const links = namespaceLinks(pid, types);
    if (links === "denied") deniedProcesses += 1;
    if (typeof links === "string") continue;
    const fact = processFact(pid);
    if (fact) members.push({ fact, links });
  }
  return { members, deniedProcesses };
}

/** Members by inode, ascending; within a namespace the topmost first. */
function groupByInode(members: readonly Member[], type: NamespaceType) {
  const groups = new Map<number, ProcessFact[]>();
  for (const { fact, links } of members) {
    const inode = links[type];
    if (inode === 0) continue;
    const group = groups.get(inode);
    if (group) group.push(fact);
    else groups.set(inode, [fact]);
  }
  return [...groups]
    .sort(([a], [b]) => a - b)
    .map(([inode, processes]) => [inode, topmostFirst(processes)] as const);
}

/** Topmost: the parent is outside the namespace. Of several the oldest comes first; the rest follow by pid. */
function topmostFirst(processes: readonly ProcessFact[]): readonly ProcessFact[] {
  const pids = new Set(processes.map(({ pid }) => pid));
  const isTopmost = ({ parentPid }: ProcessFact) => !pids.has(parentPid);
  const topmost = processes.filter(isTopmost);
  topmost.sort((a, b) => a.startTimeTicks - b.startTimeTicks || a.pid - b.pid);
  return [...topmost, ...processes.filter((process) => !isTopmost(process))];
}

/**
 * Which sandbox a process is in: that of its pid namespace, or its parent's. The parent counts for pid
 * namespaces made inside a sandbox: nobody leaves a pid namespace, so all descendants are inside it.
 */
function sandboxLookup(members: readonly Member[], sandboxes: ReadonlyMap<number, string>) {
  const byPid = new Map(members.map((member) => [member.fact.pid, member]));
  const known = new Map<number, string | undefined>();
  return function sandboxOf(pid: number): string | undefined {
    if (known.has(pid)) return known.get(pid);
    // Known as "none" while its ancestors are looked at: facts of different instants may form a circle.
    known.set(pid, undefined);
    const member = byPid.get(pid);
    const sandbox = member && (sandboxes.get(member.links.pid) ?? sandboxOf(member.fact.parentPid));
    known.set(pid, sandbox);
    return sandbox;
  };
}

function commonSandbox(
  processes: readonly ProcessFact[],
  sandboxOf: (pid: number) => string | undefined,
): string | undefined {
  const first = processes[0] && sandboxOf(processes[0].pid);
  return processes.every(({ pid }) => sandboxOf(pid) === first) ? first : undefined;
}
