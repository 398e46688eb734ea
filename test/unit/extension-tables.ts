import type { Tables } from "../../extension/views/tables.ts";
import {
  type HostCgroup,
  type HostContainer,
  type HostFacts,
  type HostNamespace,
  type HostProcess,
  tableKeys,
} from "../../helper/protocol/hostTables.ts";
import { tableOf } from "../../helper/protocol/tableChanges.ts";

/** Tables in few words, for the tests of rows. */

export function process(
  pid: number,
  command: string,
  more: Partial<HostProcess> = {},
): HostProcess {
  return {
    pid,
    nestedPids: [pid],
    parentPid: 1,
    uid: 1000,
    command,
    commandLine: command,
    startTimeTicks: pid * 10,
    namespaces: { time: 1 },
    cgroups: {},
    isKernelThread: false,
    isZombie: false,
    ...more,
  };
}

export function container(
  engine: HostContainer["engine"],
  id: string,
  more: Partial<HostContainer> = {},
): HostContainer {
  return {
    engine,
    id,
    state: "running",
    pid: 700,
    startTimeTicks: 7000,
    startedAtMs: 0,
    cgroups: {},
    ownNamespaces: [],
    evidence: [],
    ...more,
  };
}

export function namespace(
  type: HostNamespace["type"],
  inode: number,
  more: Partial<HostNamespace> = {},
): HostNamespace {
  return { type, inode, isInitial: false, keepers: [], keepersLeftOut: 0, ...more };
}

export function cgroup(
  hierarchy: string,
  path: string,
  processes: number,
  more: Partial<HostCgroup> = {},
): HostCgroup {
  return { hierarchy, path, inode: 1, processes, passesOn: [], isFrozen: false, ...more };
}

export const hostFacts: HostFacts = {
  cgroupMode: "hybrid",
  hierarchies: [
    { id: "memory", version: 1, controllers: ["memory"], mountPoint: "/sys/fs/cgroup/memory" },
    { id: "unified", version: 2, controllers: [], mountPoint: "/sys/fs/cgroup/unified" },
  ],
  taskSource: "proc",
  deniedProcesses: 0,
  descriptorsLeftOut: 0,
  mountTablesCut: 0,
  cgroupTreesCut: 0,
};

export function tables(rows: {
  readonly processes?: readonly HostProcess[];
  readonly namespaces?: readonly HostNamespace[];
  readonly cgroups?: readonly HostCgroup[];
  readonly containers?: readonly HostContainer[];
}): Tables {
  const { processes = [], namespaces = [], cgroups = [], containers = [] } = rows;
  return {
    host: hostFacts,
    processes: tableOf(processes, tableKeys.processes),
    namespaces: tableOf(namespaces, tableKeys.namespaces),
    cgroups: tableOf(cgroups, tableKeys.cgroups),
    containers: tableOf(containers, tableKeys.containers),
  };
}
