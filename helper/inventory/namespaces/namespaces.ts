import { listNamespaces, type NamespaceList } from "../../kernel/namespaceList.ts";
import type { HostNamespace } from "../../protocol/hostTables.ts";
import { namespaceTypes } from "../../protocol/namespaces.ts";
import { isSameRow } from "../../protocol/tableChanges.ts";
import { processKey } from "../processKey.ts";
import type { Task, TaskTable } from "../tasks.ts";
import { atOnce, mapped, type Steps } from "../turns.ts";
import type { Holdings } from "./holdings.ts";
import { initialNamespaces } from "./initial.ts";
import { type Lineage, type Lineages, readLineages } from "./lineage.ts";
import { keep, type Sighting, Sightings } from "./sightings.ts";

export interface NamespaceTable {
  readonly rows: readonly HostNamespace[];
  /** For the next reading. */
  readonly lineages: Lineages;
}

export function readNamespaces(...from: Parameters<typeof namespaceSteps>): NamespaceTable {
  return atOnce(namespaceSteps(...from));
}

/**
 * Every namespace that a process is in, that something else holds, or that is above one of those or its owner.
 * `known`, from the last reading, makes this one a matter of looking up.
 */
export function* namespaceSteps(
  tasks: TaskTable,
  { holdings }: Holdings,
  known: Lineages = new Map(),
  list: NamespaceList | undefined = listNamespaces(),
): Steps<NamespaceTable> {
  const sightings = new Sightings();
  addMembers(sightings, tasks.tasks);
  addThreads(sightings, tasks);
  for (const { type, inode, keeper, file } of holdings) {
    keep(sightings.add(type, inode, file), keeper);
  }
  yield;
  const lineages = yield* readLineages(sightings, { known, told: tasks.told }, list);
  const initial = initialNamespaces();
  yield;
  const rows = yield* mapped(inOrder(sightings), (sighting) =>
    keptRow(sighting, lineages.get(sighting.inode), initial.has(sighting.inode)),
  );
  return { rows, lineages };
}

function addMembers(sightings: Sightings, tasks: readonly Task[]): void {
  // Whoever keeps tasks gives those that are in the same namespaces one object: the first has shown them all.
  const shown = new Set<Task["namespaces"]>();
  let last: Task | undefined;
  for (const task of tasks) {
    if (shown.has(task.namespaces)) continue;
    shown.add(task.namespaces);
    let through: string | undefined;
    for (const type of namespaceTypes) {
      const inode = task.namespaces[type];
      // Most are where the one before is.
      if (inode === 0 || inode === last?.namespaces[type] || sightings.get(inode)) continue;
      through ??= processKey(task);
      sightings.add(type, inode, { kind: "member", pid: task.pid, type, through });
    }
    last = task;
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

/** What is known of a namespace is one object from one reading to the next, and so is its row. */
const rows = new WeakMap<Lineage, HostNamespace>();

function keptRow(
  sighting: Sighting,
  lineage: Lineage | undefined,
  isInitial: boolean,
): HostNamespace {
  const last = lineage && rows.get(lineage);
  if (last && (isInitial || hasSameKeepers(last, sighting))) return last;
  const row = rowOf(sighting, lineage, isInitial);
  if (lineage) rows.set(lineage, row);
  return row;
}

function hasSameKeepers(row: HostNamespace, { keepers, keepersLeftOut }: Sighting): boolean {
  if (row.keepersLeftOut !== keepersLeftOut || row.keepers.length !== keepers.length) return false;
  return keepers.length === 0 || isSameRow(row.keepers, keepers);
}

/** The host's own never end: nothing keeps them. */
function rowOf(
  { type, inode, keepers, keepersLeftOut }: Sighting,
  lineage: Lineage | undefined,
  isInitial: boolean,
): HostNamespace {
  return {
    type,
    inode,
    id: lineage?.id,
    isInitial,
    parent: lineage?.parent,
    owner: lineage?.owner,
    ownerUid: lineage?.ownerUid,
    keepers: isInitial ? [] : keepers,
    keepersLeftOut: isInitial ? 0 : keepersLeftOut,
  };
}

/** By type, as everywhere, and number. An array of numbers sorts itself, without asking which is first. */
function inOrder(sightings: Sightings): readonly Sighting[] {
  const all = sightings.all();
  const order = new Float64Array(all.length);
  for (const [place, { type, inode }] of all.entries()) {
    order[place] = namespaceTypes.indexOf(type) * inodesOfType + inode;
  }
  return [...order.sort()].flatMap((number) => sightings.get(number % inodesOfType) ?? []);
}

const inodesOfType = 2 ** 32;
