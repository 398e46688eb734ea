import { listNamespaces, type NamespaceList } from "../../kernel/namespaceList.ts";
import type { HostNamespace } from "../../protocol/hostTables.ts";
import { type NamespaceType, namespaceTypes } from "../../protocol/namespaces.ts";
import { processKey } from "../processKey.ts";
import type { Task, TaskTable } from "../tasks.ts";
import type { Holdings } from "./holdings.ts";
import { initialNamespaces } from "./initial.ts";
import { type Lineage, type Lineages, readLineages } from "./lineage.ts";
import type { NamespaceFile } from "./namespaceFile.ts";
import { keep, type Sighting, Sightings } from "./sightings.ts";

export interface NamespaceTable {
  readonly rows: readonly HostNamespace[];
  /** For the next reading. */
  readonly lineages: Lineages;
}

/**
 * Every namespace that a process is in, that something else holds, or that is above one of those or its owner.
 * `known`, from the last reading, makes this one a matter of looking up.
 */
export function readNamespaces(
  tasks: TaskTable,
  { holdings }: Holdings,
  known: Lineages = new Map(),
  list: NamespaceList | undefined = listNamespaces(),
): NamespaceTable {
  const sightings = new Sightings();
  addMembers(sightings, tasks.tasks);
  addThreads(sightings, tasks);
  for (const { type, inode, keeper, file } of holdings) {
    keep(sightings.add(type, inode, file), keeper);
  }
  const lineages = readLineages(sightings, { known, told: tasks.told }, list);
  const initial = initialNamespaces();
  const rows = inOrder(sightings.all()).map((sighting) =>
    rowOf(sighting, lineages.get(sighting.inode), initial.has(sighting.inode)),
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
    for (const type of namespaceTypes) {
      const inode = task.namespaces[type];
      // Most are where the one before is. A path is text to make: for the first member only.
      if (inode === 0 || inode === last?.namespaces[type] || sightings.get(inode)) continue;
      sightings.add(type, inode, linkOf(task, type));
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

function linkOf(task: Task, type: NamespaceType): NamespaceFile {
  return { kind: "link", path: `/proc/${task.pid}/ns/${type}`, through: processKey(task) };
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

/** By type, as everywhere, and number. */
function inOrder(sightings: readonly Sighting[]): readonly Sighting[] {
  return namespaceTypes.flatMap((type) =>
    sightings.filter((one) => one.type === type).sort((a, b) => a.inode - b.inode),
  );
}
