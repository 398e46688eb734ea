import type { HostNamespace } from "../../protocol/hostTables.ts";
import { namespaceTypes } from "../../protocol/namespaces.ts";
import type { TaskTable } from "../tasks.ts";
import type { Holdings } from "./holdings.ts";
import { initialNamespaces } from "./initial.ts";
import { type Lineage, readLineages } from "./lineage.ts";
import { type Sighting, Sightings } from "./sightings.ts";

/** Every namespace that a process is in, that something else holds, or that is above or the owner of one of those. */
export function readNamespaces(tasks: TaskTable, { holdings }: Holdings): readonly HostNamespace[] {
  const sightings = new Sightings();
  addMembers(sightings, tasks);
  for (const { type, inode, keeper, path } of holdings) sightings.add(type, inode, keeper, path);
  const lineages = readLineages(sightings);
  const initial = initialNamespaces();
  return sightings
    .all()
    .map((sighting) => rowOf(sighting, lineages.get(sighting), initial.has(sighting.inode)))
    .sort(byTypeAndInode);
}

function addMembers(sightings: Sightings, { tasks, threads }: TaskTable): void {
  for (const { pid, namespaces } of tasks) {
    for (const type of namespaceTypes) {
      const inode = namespaces[type];
      if (inode === 0) continue;
      // A path is text to make: for the first member only.
      if (!sightings.has(type, inode))
        sightings.add(type, inode, undefined, `/proc/${pid}/ns/${type}`);
    }
  }
  for (const { pid, tid, namespaces } of threads) {
    for (const type of namespaceTypes) {
      const inode = namespaces[type];
      if (inode === 0) continue;
      const path = `/proc/${pid}/task/${tid}/ns/${type}`;
      sightings.add(type, inode, { kind: "thread", pid, threadId: tid }, path);
    }
  }
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
    ...lineage,
    isInitial,
    keepers: isInitial ? [] : keepers,
    keepersLeftOut: isInitial ? 0 : keepersLeftOut,
  };
}

function byTypeAndInode(a: HostNamespace, b: HostNamespace): number {
  return namespaceTypes.indexOf(a.type) - namespaceTypes.indexOf(b.type) || a.inode - b.inode;
}
