import { type CgroupMounts, readCgroupMounts } from "../kernel/cgroupfs.ts";
import type { HostFacts, HostRows } from "../protocol/hostTables.ts";
import { printable } from "../protocol/printable.ts";
import { belonging, type Found } from "./belonging.ts";
import { populate } from "./cgroups/population.ts";
import { type CgroupTree, readCgroupTree } from "./cgroups/tree.ts";
import { type Holdings, noHoldings } from "./namespaces/holdings.ts";
import type { Lineages } from "./namespaces/lineage.ts";
import { readNamespaces } from "./namespaces/namespaces.ts";
import { processRows } from "./processes.ts";
import { readTasks, type TaskTable } from "./tasks.ts";

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
  /** Good for ever: wrong ones are found. */
  readonly lineages: Lineages;
}

/** The engines' room, which keeps what it has learnt of containers from one snapshot to the next. */
export type FindContainers = (host: HostFacts, rows: ContainerRows) => Found;

export type ContainerRows = Pick<HostRows, "processes" | "namespaces" | "cgroups">;

const findNone: FindContainers = () => ({ containers: [], containerOf: new Map() });

export function readSnapshot(
  given: Partial<SnapshotParts> = {},
  findContainers = findNone,
): HostSnapshot {
  const mounts = given.mounts ?? readCgroupMounts();
  const tasks = given.tasks ?? readTasks();
  const tree = given.cgroups ?? readCgroupTree(mounts);
  const holdings = given.holdings ?? noHoldings;
  const { rows: namespaces, lineages } = readNamespaces(tasks, holdings, given.lineages);
  const parts = { mounts, tasks, cgroups: tree, holdings, lineages };
  const host = factsOf(mounts, parts);
  const cgroups = populate(tree.rows, tasks.tasks);
  const rows = { processes: processRows(tasks.tasks, cgroups), namespaces, cgroups };
  const found = findContainers(host, rows);
  return { host, ...belonging(rows, found), containers: found.containers, parts };
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
