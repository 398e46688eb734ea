import { type CgroupMounts, readCgroupMounts } from "../kernel/cgroupfs.ts";
import { printable } from "../kernel/printable.ts";
import type { HostContainer, HostFacts, HostRows } from "../protocol/hostTables.ts";
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
  /** readTasks(). */
  readonly tasks: TaskTable;
  /** Every directory of cgroups: as long as none came, went or was frozen. */
  readonly cgroups: CgroupTree;
  /** readHoldings(), by far the dearest, and read by the caller alone: without it there are none. */
  readonly holdings: Holdings;
  /** Good for ever: wrong ones are found. */
  readonly lineages: Lineages;
}

export function readSnapshot(given: Partial<SnapshotParts> = {}): HostSnapshot {
  const mounts = readCgroupMounts();
  const tasks = given.tasks ?? readTasks();
  const tree = given.cgroups ?? readCgroupTree(mounts);
  const holdings = given.holdings ?? noHoldings;
  const cgroups = populate(tree.rows, tasks.tasks);
  const processes = processRows(tasks.tasks, cgroups);
  const { rows: namespaces, lineages } = readNamespaces(tasks, holdings, given.lineages);
  // The engines' rooms go here: findContainers(processes, cgroups), and whose each row is.
  const containers: readonly HostContainer[] = [];
  const parts = { tasks, cgroups: tree, holdings, lineages };
  return { host: factsOf(mounts, parts), processes, namespaces, cgroups, containers, parts };
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
