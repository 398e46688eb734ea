import type { ContainerFacts } from "../../helper/inventory/containers/facts.ts";
import { ContainerFinder } from "../../helper/inventory/containers/finder.ts";
import type { HostCgroup, HostContainer, HostProcess } from "../../helper/protocol/hostTables.ts";
import { type NamespaceType, namespaceTypes } from "../../helper/protocol/namespaces.ts";

/** Hosts of a few processes, for what this machine cannot start. No pid is one that the machine could have. */

const hostInodes = Object.fromEntries(
  namespaceTypes.map((type, index) => [type, 100 + index]),
) as Record<NamespaceType, number>;

const firstPid = 2 ** 22 + 1;

type Given = Partial<Omit<HostProcess, "pid">> & {
  /** Below `firstPid`: counted from there. */
  readonly pid: number;
  /** Types that are the process's own: with this number in the place of the host's. */
  readonly own?: Readonly<Partial<Record<NamespaceType, number>>>;
};

export function processOf({ pid, parentPid = 0, own = {}, ...rest }: Given): HostProcess {
  const isFirst = own.pid !== undefined;
  return {
    pid: firstPid + pid,
    parentPid: firstPid + parentPid,
    nestedPids: isFirst ? [firstPid + pid, 1] : [firstPid + pid],
    uid: 0,
    command: "sh",
    commandLine: "sh",
    startTimeTicks: 1000 + pid,
    namespaces: { ...hostInodes, ...own },
    cgroups: {},
    isKernelThread: false,
    isZombie: false,
    ...rest,
  };
}

/** A process in the container's namespaces that an engine usually gives. */
export function contained(given: Given): HostProcess {
  const own = { pid: 2000 + given.pid, mnt: 3000 + given.pid, net: 4000 + given.pid };
  return processOf({ own, ...given });
}

export function factsOf(
  processes: readonly HostProcess[],
  others: Partial<ContainerFacts> = {},
): ContainerFacts {
  const ids = new Set(processes.flatMap(({ cgroups }) => Object.keys(cgroups)));
  return {
    processes,
    hierarchies: [...ids].map((id) => ({ id })),
    cgroups: [],
    initial: new Set(Object.values(hostInodes)),
    sandboxes: [],
    helperPid: -1,
    ...others,
  };
}

export function find(
  processes: readonly HostProcess[],
  others: Partial<ContainerFacts> = {},
): readonly HostContainer[] {
  return new ContainerFinder().find(factsOf(processes, others)).containers;
}

/** Rows of the cgroup table. */
export function cgroupRows(
  rows: Readonly<Record<string, Partial<Pick<HostCgroup, "isFrozen" | "delegatedTo">>>>,
): ContainerFacts["cgroups"] {
  return Object.entries(rows).map(([path, row]) => ({
    hierarchy: "unified",
    path,
    isFrozen: false,
    ...row,
  }));
}
