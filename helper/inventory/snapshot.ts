import { type CgroupMounts, readCgroupMounts } from "../kernel/cgroupfs.ts";
import type { HostFacts, HostRows } from "../protocol/hostTables.ts";
import { printable } from "../protocol/printable.ts";
import { belongingSteps, type Found } from "./belonging.ts";
import { populate } from "./cgroups/population.ts";
import { type CgroupTree, readCgroupTree } from "./cgroups/tree.ts";
import type { KeptRows } from "./keptRows.ts";
import { type Holdings, noHoldings } from "./namespaces/holdings.ts";
import { type NamespaceTable, namespaceSteps } from "./namespaces/namespaces.ts";
import { processRows } from "./processes.ts";
import { readTasks, type TaskTable } from "./tasks.ts";
import { atOnce, type Steps } from "./turns.ts";

/** Everything at one instant, as far as that can be had: the tables of protocol/hostTables.ts. */
export interface HostSnapshot extends HostRows {
  readonly host: HostFacts;
  readonly parts: SnapshotParts;
}

/**
 * What a snapshot is made of, from the part that changes most to the one that changes least. Whoever watches gives
 * back what cannot have changed since, and each spares its reading.
 */
export interface SnapshotParts {
  /** Where the hierarchies are mounted. */
  readonly mounts: CgroupMounts;
  /** readTasks(). */
  readonly tasks: TaskTable;
  /** Every directory of cgroups: as long as none came, went or was frozen. */
  readonly cgroups: CgroupTree;
  /** readHoldings(), by far the dearest, and read by the caller alone: without it there are none. */
  readonly holdings: Holdings;
  /** The last ones: what is wrong in them is found. */
  readonly namespaces: NamespaceTable;
}

/** The engines' room, which keeps what it has learnt of containers from one snapshot to the next. */
export type FindContainers = (host: HostFacts, rows: ContainerRows) => Steps<Found>;

export type ContainerRows = Pick<HostRows, "processes" | "namespaces" | "cgroups">;

export const findNone: FindContainers = function* () {
  yield;
  return { containers: [], containerOf: new Map() };
};

export function readSnapshot(...from: Parameters<typeof snapshotSteps>): HostSnapshot {
  return atOnce(snapshotSteps(...from));
}

export function* snapshotSteps(
  given: Partial<SnapshotParts> = {},
  findContainers = findNone,
  keptRows: KeptRows | undefined = undefined,
): Steps<HostSnapshot> {
  const mounts = given.mounts ?? readCgroupMounts();
  const tasks = given.tasks ?? readTasks(mounts);
  const tree = given.cgroups ?? readCgroupTree(mounts);
  const holdings = given.holdings ?? noHoldings;
  const namespaces = yield* namespaceSteps(tasks, holdings, given.namespaces);
  const parts = { mounts, tasks, cgroups: tree, holdings, namespaces };
  const host = factsOf(mounts, parts);
  yield;
  const cgroups = populate(tree.rows, tasks.tasks);
  const processes = yield* processRows(tasks.tasks, tree.rows, keptRows);
  const rows = { processes, namespaces: namespaces.rows, cgroups };
  yield;
  const found = yield* findContainers(host, rows);
  const marked = yield* belongingSteps(rows, found);
  return { host, ...marked, containers: found.containers, parts };
}

function factsOf(
  { mode, hierarchies }: CgroupMounts,
  { tasks, cgroups, holdings }: SnapshotParts,
): HostFacts {
  return {
    cgroupMode: mode,
    hierarchies: hierarchies.map(({ id, version, controllers, mountPoint }) => ({
      id: printable(id),
      version,
      controllers,
      mountPoint: printable(mountPoint),
    })),
    taskSource: tasks.source,
    deniedProcesses: tasks.denied,
    descriptorsLeftOut: holdings.descriptorsLeftOut,
    mountTablesCut: holdings.mountTablesCut,
    cgroupTreesCut: cgroups.cut,
  };
}
