import { listNamespaces, type NamespaceList } from "../../kernel/namespaceList.ts";
import type { HostNamespace } from "../../protocol/hostTables.ts";
import { namespaceTypes } from "../../protocol/namespaces.ts";
import { isSameRow } from "../../protocol/tableChanges.ts";
import { processKey } from "../processKey.ts";
import type { LooseThread, Task, TaskTable } from "../tasks.ts";
import { atOnce, mapped, type Steps } from "../turns.ts";
import type { Holding, Holdings } from "./holdings.ts";
import { initialNamespaces } from "./initial.ts";
import { readLineages } from "./lineage.ts";
import { keep, type Sighting, Sightings } from "./sightings.ts";

export interface NamespaceTable {
  readonly rows: readonly HostNamespace[];
  readonly sightings: Sightings;
  readonly madeOf: MadeOf;
}

/** What decides about the rows: of nearly all changes of a host none of it is another. */
interface MadeOf {
  /** The first of those that are in the same namespaces. */
  readonly members: readonly Task[];
  readonly threads: readonly LooseThread[];
  readonly holdings: readonly Holding[];
  readonly listed: readonly bigint[];
}

export function readNamespaces(...from: Parameters<typeof namespaceSteps>): NamespaceTable {
  return atOnce(namespaceSteps(...from));
}

/**
 * Every namespace that a process is in, that something else holds, or that is above one of those or its owner.
 * `last`, of the reading before, makes this one a matter of looking up; where nothing is another it is the answer.
 */
export function* namespaceSteps(
  tasks: TaskTable,
  { holdings }: Holdings,
  last: NamespaceTable | undefined = undefined,
  list: NamespaceList | undefined = listNamespaces(),
): Steps<NamespaceTable> {
  const members = firstMembers(tasks.tasks);
  const madeOf = { members, threads: tasks.threads, holdings, listed: list?.ids ?? [] };
  if (last && isSameMadeOf(last.madeOf, madeOf)) return last;
  const sightings = new Sightings();
  addMembers(sightings, members);
  addThreads(sightings, tasks);
  for (const { type, inode, keeper, file } of holdings) {
    keep(sightings.add(type, inode, file), keeper);
  }
  yield;
  yield* readLineages(sightings, { last: last?.sightings, told: tasks.told }, list);
  yield;
  const ordered = sightings.inOrder();
  yield;
  const rows = yield* mapped(ordered, (sighting) => {
    sighting.row =
      keptRow(sighting, last?.sightings.get(sighting.inode)) ?? rowOf(sighting, sightings);
    return sighting.row;
  });
  return { rows, sightings, madeOf };
}

/** Whoever keeps tasks gives those that are in the same namespaces one object: the first has shown them all. */
function firstMembers(tasks: readonly Task[]): readonly Task[] {
  const shown = new Set<Task["namespaces"]>();
  let last: Task["namespaces"] | undefined;
  return tasks.filter(({ namespaces }) => {
    // Most are where the one before is.
    if (namespaces === last) return false;
    last = namespaces;
    const isFirst = !shown.has(namespaces);
    if (isFirst) shown.add(namespaces);
    return isFirst;
  });
}

function isSameMadeOf(a: MadeOf, b: MadeOf): boolean {
  return (
    isSameList(a.members, b.members) &&
    isSameList(a.threads, b.threads) &&
    isSameList(a.holdings, b.holdings) &&
    isSameList(a.listed, b.listed)
  );
}

function isSameList<T>(a: readonly T[], b: readonly T[]): boolean {
  return a === b || (a.length === b.length && a.every((one, place) => one === b[place]));
}

function addMembers(sightings: Sightings, tasks: readonly Task[]): void {
  for (const task of tasks) {
    const file = { kind: "member", pid: task.pid, through: processKey(task) } as const;
    for (const type of namespaceTypes) {
      const inode = task.namespaces[type];
      if (inode !== 0) sightings.add(type, inode, file);
    }
  }
}

function addThreads(sightings: Sightings, { tasks, threads }: TaskTable): void {
  if (threads.length === 0) return;
  const byPid = new Map(tasks.map((task) => [task.pid, task]));
  for (const { pid, tid, namespaces } of threads) {
    const task = byPid.get(pid);
    if (!task) continue;
    for (const type of namespaceTypes) {
      const inode = namespaces[type];
      if (inode === 0 || inode === task.namespaces[type]) continue;
      const path = `/proc/${pid}/task/${tid}/ns/${type}`;
      const file = { kind: "link", path, through: `${processKey(task)}/${tid}` } as const;
      keep(sightings.add(type, inode, file), { kind: "thread", pid, threadId: tid });
    }
  }
}

/** Of what the last reading knew, and is kept as it was. */
function keptRow(sighting: Sighting, last: Sighting | undefined): HostNamespace | undefined {
  if (!last?.row || !last.lineage || last.lineage !== sighting.lineage) return undefined;
  return last.row.isInitial || hasSameKeepers(last.row, sighting) ? last.row : undefined;
}

function hasSameKeepers(row: HostNamespace, { keepers, keepersLeftOut }: Sighting): boolean {
  if (row.keepersLeftOut !== keepersLeftOut || row.keepers.length !== keepers.length) return false;
  return keepers.every((keeper, place) => isSameRow(keeper, row.keepers[place]));
}

/** The host's own never end: nothing keeps them. */
function rowOf(sighting: Sighting, sightings: Sightings): HostNamespace {
  const { type, inode, lineage, keepers, keepersLeftOut } = sighting;
  const isInitial = initialNamespaces().has(inode);
  const user = type === "user" ? sighting : sightings.get(lineage?.owner ?? 0);
  return {
    type,
    inode,
    id: lineage?.id,
    isInitial,
    parent: lineage?.parent,
    owner: lineage?.owner,
    ownerUid: user?.lineage?.ownerUid,
    keepers: isInitial ? [] : keepers,
    keepersLeftOut: isInitial ? 0 : keepersLeftOut,
  };
}
