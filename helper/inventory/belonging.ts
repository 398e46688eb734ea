import {
  type HostCgroup,
  type HostContainer,
  type HostNamespace,
  type HostProcess,
  type HostRows,
  tableKeys,
} from "../protocol/hostTables.ts";
import { namespaceTypes } from "../protocol/namespaces.ts";
import { atOnce, mapped, type Steps } from "./turns.ts";

/** What was found of containers, and the key of the innermost one that each process is in, by its pid. */
export interface Found {
  readonly containers: readonly HostContainer[];
  readonly containerOf: ReadonlyMap<number, string>;
}

const rowsAStep = 32;

type Rows = Pick<HostRows, "processes" | "namespaces" | "cgroups">;

export function belonging(rows: Rows, found: Found): Rows {
  return atOnce(belongingSteps(rows, found));
}

/** Says of every row which container it belongs to. A row of which that is said already stays the same object. */
export function* belongingSteps(rows: Rows, found: Found): Steps<Rows> {
  if (found.containers.length === 0) return rows;
  const { processes, namespaces, cgroups } = rows;
  const around = new Map(found.containers.map((row) => [tableKeys.containers(row), row.parent]));
  const members = yield* membersByNamespace(processes, found.containerOf);
  const ofCgroup = containersByCgroup(found.containers);
  return {
    processes: yield* mapped(processes, (row) => processIn(row, found.containerOf.get(row.pid))),
    namespaces: yield* mapped(namespaces, (row) =>
      namespaceIn(row, row.isInitial ? undefined : containerOfAll(members.get(row.inode), around)),
    ),
    cgroups: yield* mapped(cgroups, (row) => cgroupIn(row, ofCgroup(row))),
  };
}

/** What a row becomes by being in a container; whoever keeps rows and compares them gets the same one again. */
function marker<Row extends { readonly container?: string | undefined }>() {
  const made = new WeakMap<Row, Row>();
  return (row: Row, container: string | undefined): Row => {
    if (row.container === container) return row;
    const last = made.get(row);
    if (last !== undefined && last.container === container) return last;
    const next = { ...row, container };
    made.set(row, next);
    return next;
  };
}

const processIn = marker<HostProcess>();
const namespaceIn = marker<HostNamespace>();
const cgroupIn = marker<HostCgroup>();

/** Whose the members are; undefined among them: nobody's. nsfs numbers namespaces of all types together. */
function* membersByNamespace(
  processes: readonly HostProcess[],
  containerOf: ReadonlyMap<number, string>,
): Steps<ReadonlyMap<number, ReadonlySet<string | undefined>>> {
  const members = new Map<number, Set<string | undefined>>();
  let last: { readonly row: HostProcess; readonly container: string | undefined } | undefined;
  for (const row of processes) {
    const container = containerOf.get(row.pid);
    if (row.pid % rowsAStep === 0) yield;
    if (last?.row.namespaces === row.namespaces && last.container === container) continue;
    for (const type of namespaceTypes) {
      const inode = row.namespaces[type];
      // Most are where the one before is.
      const isSaid = last?.container === container && last?.row.namespaces[type] === inode;
      if (inode === undefined || isSaid) continue;
      const known = members.get(inode);
      if (known) known.add(container);
      else members.set(inode, new Set([container]));
    }
    last = { row, container };
  }
  return members;
}

/** The innermost that all are in, themselves or by a container inside it. */
function containerOfAll(
  keys: ReadonlySet<string | undefined> | undefined,
  around: ReadonlyMap<string, string | undefined>,
): string | undefined {
  const [first, ...others] = keys ?? [];
  const chains = others.map((key) => new Set(chainOf(key, around)));
  return chainOf(first, around).find((key) => chains.every((chain) => chain.has(key)));
}

/** From a container outwards. */
function chainOf(
  key: string | undefined,
  around: ReadonlyMap<string, string | undefined>,
): readonly string[] {
  const chain = new Set<string>();
  for (let at = key; at !== undefined && !chain.has(at); at = around.get(at)) chain.add(at);
  return [...chain];
}

/** That whose directory it is, or lies in: the nearest. */
function containersByCgroup(containers: readonly HostContainer[]) {
  const directories = new Map(
    containers.flatMap((row) =>
      Object.entries(row.cgroups).map(([hierarchy, path]) => [
        `${hierarchy}:${path}`,
        tableKeys.containers(row),
      ]),
    ),
  );
  return ({ hierarchy, path }: HostCgroup): string | undefined => {
    for (let at = path; directories.size > 0 && at !== ""; at = at.slice(0, at.lastIndexOf("/"))) {
      const found = directories.get(`${hierarchy}:${at}`);
      if (found !== undefined) return found;
    }
    return undefined;
  };
}
