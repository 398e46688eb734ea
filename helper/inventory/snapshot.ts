import { readCgroupMounts } from "../kernel/cgroupfs.ts";
import { printable } from "../kernel/printable.ts";
import type { HostContainer, HostFacts, HostRows } from "../protocol/hostTables.ts";
import { readCgroupTable } from "./cgroupTable.ts";
import { type Holdings, noHoldings } from "./namespaces/holdings.ts";
import { readNamespaces } from "./namespaces/namespaces.ts";
import { processRows } from "./processes.ts";
import { readTasks, type TaskTable } from "./tasks.ts";

/** Everything at one instant, as far as that can be had: the tables of protocol/hostTables.ts. */
export interface HostSnapshot extends HostRows {
  readonly host: HostFacts;
}

export interface SnapshotOptions {
  /** From readTasks(), where the caller has it already. */
  readonly tasks?: TaskTable | undefined;
  /** From readHoldings(), which is dear: a watcher reads it seldom and gives the last one each time. */
  readonly holdings?: Holdings | undefined;
}

export function readSnapshot(options: SnapshotOptions = {}): HostSnapshot {
  const tasks = options.tasks ?? readTasks();
  const holdings = options.holdings ?? noHoldings;
  const mounts = readCgroupMounts();
  const cgroups = readCgroupTable(mounts);
  const processes = processRows(tasks.tasks, cgroups);
  const namespaces = readNamespaces(tasks, holdings);
  // The engines' rooms go here: findContainers(processes, cgroups), and whose each row is.
  const containers: readonly HostContainer[] = [];
  const host: HostFacts = {
    cgroupMode: mounts.mode,
    hierarchies: mounts.hierarchies.map(({ id, version, controllers, mountPoint }) => ({
      id: printable(id),
      version,
      controllers,
      mountPoint,
    })),
    taskSource: tasks.source,
    deniedProcesses: tasks.denied,
    descriptorsLeftOut: holdings.descriptorsLeftOut,
    mountTablesCut: holdings.mountTablesCut,
  };
  return { host, processes, namespaces, cgroups, containers };
}
