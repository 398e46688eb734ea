import {
  type HostCgroup,
  type HostContainer,
  type HostFacts,
  type HostHierarchy,
  type HostProcess,
  type HostTables,
  type TableName,
  tableKeys,
} from "./hostTables.ts";
import type { SandboxSummary } from "./inventory.ts";
import { type NamespaceType, namespaceTypes } from "./namespaces.ts";
import type { Table } from "./tableChanges.ts";

/** The tables of one host, and what is looked up in them: made once for each table. */
export type TableSet = { readonly [T in TableName]: Table<HostTables[T]> };

/** The containers by the host pid of their topmost process. */
const containersByPid = remembered((containers: Table<HostContainer>) =>
  grouped(containers.values(), ({ pid }) => `${pid}`),
);

/** A sandbox of ours as the inventory has it: others may give theirs its id, but not its process. */
export function containerOfSandbox(
  { id, pid }: Pick<SandboxSummary, "id" | "pid">,
  { containers }: Pick<TableSet, "containers">,
): HostContainer | undefined {
  const here = containersByPid(containers).get(`${pid}`) ?? [];
  return here.find((one) => one.engine === "terrarium" && one.id === id);
}

/** The processes by the key of their innermost container. */
export const processesByContainer = remembered((processes: Table<HostProcess>) =>
  grouped(processes.values(), ({ container }) => container),
);

/** The containers by the key of the one around them. */
export const containersByParent = remembered((containers: Table<HostContainer>) =>
  grouped(containers.values(), ({ parent }) => parent),
);

/** The processes by the key of each namespace that they are in, the topmost first. */
export const membersByNamespace = remembered((processes: Table<HostProcess>) => {
  const members = new Map<string, HostProcess[]>();
  for (const process of processes.values()) {
    for (const type of namespaceTypes) {
      const inode = process.namespaces[type];
      if (inode !== undefined) addTo(members, namespaceKey(type, inode), process);
    }
  }
  for (const list of members.values()) list.sort(bySeniority);
  return members as ReadonlyMap<string, readonly HostProcess[]>;
});

/** The cgroups by hierarchy and path of the one above. */
export const cgroupsByParent = remembered((cgroups: Table<HostCgroup>) =>
  grouped(cgroups.values(), parentKey),
);

/** Processes in each cgroup and in all below it, by the cgroup's key. */
export const populations = remembered((cgroups: Table<HostCgroup>) => {
  const counts = new Map<string, number>();
  const deepestFirst = [...cgroups].sort(([, a], [, b]) => b.path.length - a.path.length);
  for (const [key, cgroup] of deepestFirst) {
    const total = (counts.get(key) ?? 0) + cgroup.processes;
    counts.set(key, total);
    const parent = parentKey(cgroup);
    if (parent !== undefined) counts.set(parent, (counts.get(parent) ?? 0) + total);
  }
  return counts as ReadonlyMap<string, number>;
});

/** The hierarchies, that which counts memory first: there a container is bounded, mostly. */
export const hierarchiesByUse = remembered(({ hierarchies }: HostFacts) => {
  const rank = ({ controllers }: HostHierarchy) =>
    controllers.includes("memory") ? 0 : controllers.length > 0 ? 1 : 2;
  return [...hierarchies].sort((a, b) => rank(a) - rank(b)) as readonly HostHierarchy[];
});

export function namespaceKey(type: NamespaceType, inode: number): string {
  return `${type}:${inode}`;
}

/** The last component; `/` of the root. */
export function cgroupName({ path }: HostCgroup): string {
  return path.slice(path.lastIndexOf("/") + 1) || "/";
}

function parentKey(cgroup: HostCgroup): string | undefined {
  const { path } = cgroup;
  if (path === "/") return undefined;
  return tableKeys.cgroups({ ...cgroup, path: path.slice(0, path.lastIndexOf("/")) || "/" });
}

/** Who began first is above those that came out of it; clones of one tick have ascending pids, mostly. */
function bySeniority(a: HostProcess, b: HostProcess): number {
  return a.startTimeTicks - b.startTimeTicks || a.pid - b.pid;
}

/** Those without a key are in no group. */
export function grouped<Row>(
  rows: Iterable<Row>,
  keyOf: (row: Row) => string | undefined,
): ReadonlyMap<string, readonly Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const key = keyOf(row);
    if (key !== undefined) addTo(groups, key, row);
  }
  return groups;
}

function addTo<Row>(groups: Map<string, Row[]>, key: string, row: Row): void {
  const group = groups.get(key);
  if (group) group.push(row);
  else groups.set(key, [row]);
}

/** Made once for each table, however often rows are made of it; it goes with the table. */
export function remembered<T extends object, R>(make: (table: T) => R): (table: T) => R {
  const known = new WeakMap<T, R>();
  return (table) => {
    const found = known.get(table) ?? make(table);
    known.set(table, found);
    return found;
  };
}
