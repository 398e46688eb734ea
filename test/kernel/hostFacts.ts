import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ContainerFacts, KnownSandbox } from "../../helper/inventory/containers/facts.ts";
import { ContainerFinder } from "../../helper/inventory/containers/finder.ts";
import { initialNamespaces } from "../../helper/inventory/namespaces/initial.ts";
import { processFact } from "../../helper/inventory/processes.ts";
import { readCgroupMounts } from "../../helper/kernel/cgroupfs.ts";
import {
  namespaceLinks,
  processIds,
  readCgroupPaths,
  readStat,
} from "../../helper/kernel/procfs.ts";
import {
  type EngineName,
  type HostContainer,
  type HostProcess,
  tableKeys,
} from "../../helper/protocol/hostTables.ts";
import { eventually } from "./cli.ts";

/** What containers are found from, read from this machine now. */
export function readContainerFacts(sandboxes: readonly KnownSandbox[] = []): ContainerFacts {
  const { hierarchies } = readCgroupMounts();
  const processes = processIds().flatMap((pid) => hostProcess(pid) ?? []);
  const cgroups = hierarchies.flatMap(({ id, mountPoint }) => {
    const paths = new Set(processes.flatMap((process) => process.cgroups[id] ?? []));
    return [...paths].map((path) => {
      return { hierarchy: id, path, isFrozen: readFrozen(join(mountPoint, path)) };
    });
  });
  const initial = initialNamespaces();
  // Nothing that a test starts is taken for the helper's own.
  return { processes, hierarchies, cgroups, initial, sandboxes, helperPid: -1 };
}

function hostProcess(pid: number): HostProcess | undefined {
  const fact = processFact(pid);
  const links = namespaceLinks(pid);
  if (!fact) return undefined;
  const namespaces = typeof links === "object" ? links : {};
  const paths = (readCgroupPaths(pid) ?? []).map(
    ({ hierarchy, controllers, path }) =>
      [hierarchy === 0 ? "unified" : controllers.join(","), path] as const,
  );
  return {
    ...fact,
    namespaces: Object.fromEntries(Object.entries(namespaces).filter(([, inode]) => inode !== 0)),
    cgroups: Object.fromEntries(paths.filter(([, path]) => path !== "/")),
    isKernelThread: fact.parentPid === 2 || pid === 2,
    isZombie: readStat(pid)?.state === "Z",
  };
}

function readFrozen(directory: string): boolean {
  return (
    /frozen 1/.test(read(directory, "cgroup.events")) ||
    read(directory, "freezer.state").startsWith("FROZEN")
  );
}

function read(directory: string, file: string): string {
  try {
    return readFileSync(join(directory, file), "utf8");
  } catch {
    return "";
  }
}

/** A whole look at this machine: the engines have been asked, too. */
export async function lookForContainers(
  finder = new ContainerFinder(),
  sandboxes: readonly KnownSandbox[] = [],
): Promise<readonly HostContainer[]> {
  finder.find(readContainerFacts(sandboxes));
  while (await finder.enrich()) finder.find(readContainerFacts(sandboxes));
  return finder.find(readContainerFacts(sandboxes)).containers;
}

/** The processes that are in a container now, the topmost first. */
export function membersOf(
  container: HostContainer,
  sandboxes: readonly KnownSandbox[] = [],
): readonly HostProcess[] {
  const facts = readContainerFacts(sandboxes);
  const { containerOf } = new ContainerFinder().find(facts);
  const key = tableKeys.containers(container);
  const { pid } = container;
  return facts.processes
    .filter((process) => containerOf.get(process.pid) === key)
    .sort((a, b) => Number(b.pid === pid) - Number(a.pid === pid));
}

/** The container of an engine with this name, once it is there. */
export async function found(
  engine: EngineName,
  name: string,
  isReady: (container: HostContainer) => boolean = () => true,
): Promise<HostContainer> {
  const finder = new ContainerFinder();
  let container: HostContainer | undefined;
  await eventually(`${engine} container ${name} is found`, async () => {
    const containers = await lookForContainers(finder);
    container = containers.find((row) => row.engine === engine && row.name === name);
    return container !== undefined && isReady(container);
  });
  if (!container) throw new Error(`${engine} container ${name} was not found`);
  return container;
}

export async function isGone(engine: EngineName, id: string): Promise<void> {
  await eventually(`${engine} container ${id} is gone`, async () => {
    const containers = await lookForContainers();
    return !containers.some((row) => row.engine === engine && row.id === id);
  });
}

export function sourcesOf({ evidence }: HostContainer): readonly string[] {
  return evidence.map(({ source }) => source);
}
