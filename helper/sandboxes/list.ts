import { ownNamespaces } from "../enter/namespaces.ts";
import { readMounts } from "../inspect/mounts.ts";
import type { KnownSandbox } from "../inventory/containers/facts.ts";
import { readIdMap } from "../kernel/procfs.ts";
import { TerrariumError } from "../protocol/errors.ts";
import type { HostProcess } from "../protocol/hostTables.ts";
import type {
  MountList,
  NamespaceShare,
  ProcessDetails,
  ProcessFact,
  SandboxDetails,
  SandboxState,
  SandboxSummary,
} from "../protocol/inventory.ts";
import { namespaceTypes } from "../protocol/namespaces.ts";
import { mainProcess } from "../protocol/processes.ts";
import { isNew, joinedTarget } from "../protocol/sharing.ts";
import type { SandboxHost } from "./host.ts";
import { linkOf } from "./link.ts";
import { findMembers, readMembers } from "./members.ts";
import { isRunning, reconcile } from "./reconcile.ts";
import type { SandboxRecord } from "./record.ts";
import { findRecord } from "./registry.ts";
import { summarise } from "./summary.ts";
import { describeSupervised } from "./supervised.ts";

const atRest: ReadonlySet<SandboxState> = new Set(["created", "exited"]);

/**
 * Every sandbox of this user, oldest first; those that wait to be started and ended ones only with `all`. Of
 * `processes`, where they are known already, none is read again.
 */
export async function listSandboxes(
  host: SandboxHost,
  all: boolean,
  processes?: readonly HostProcess[],
): Promise<readonly SandboxSummary[]> {
  await host.registry.exclusively(() => reconcile(host));
  const summaries = observe(host, host.registry.records(), processes);
  return all ? summaries : summaries.filter(({ state }) => !atRest.has(state));
}

/** One sandbox with what the kernel holds of it: namespaces, mounts, cgroups, id map. */
export async function inspectSandbox(host: SandboxHost, target: string): Promise<SandboxDetails> {
  await host.registry.exclusively(() => reconcile(host));
  const record = findRecord(host.registry.records(), target);
  const [summary] = observe(host, [record]);
  const main = summary && mainProcess(summary.processes);
  return {
    ...(summary as SandboxSummary),
    spec: record.spec,
    namespaces: namespacesOf(record),
    supervised: describeSupervised(host.registry.supervisedOf(record.id), summary?.processes ?? []),
    ...mountsOf(main),
    cgroups: Object.fromEntries(
      record.cgroups.map((cgroup) => [cgroup.hierarchyId, cgroup.directory]),
    ),
    link: linkOf(record),
    uidMap: (main && readIdMap(main.pid, "uid_map")) ?? [],
  };
}

/** None where it has ended since it was found: a sandbox at its end is still one. */
function mountsOf(main: ProcessFact | undefined): MountList {
  try {
    if (main) return readMounts(main.pid);
  } catch (error) {
    if (!TerrariumError.is(error, "noSuchProcess")) throw error;
  }
  return { mounts: [], mountsLeftOut: 0 };
}

/** Names of running sandboxes by the inode of each namespace that is theirs: how the inventory knows them. */
export function namesByNamespace(host: SandboxHost): ReadonlyMap<number, string> {
  return new Map(
    knownSandboxes(host).flatMap(({ namespaces, name }) =>
      Object.values(namespaces).map((inode) => [inode, name] as const),
    ),
  );
}

/** The running sandboxes, as the inventory of containers knows them. */
export function knownSandboxes({ registry }: SandboxHost): readonly KnownSandbox[] {
  const shared = new Set(Object.values(ownNamespaces()));
  const running = registry.records().filter(isRunning);
  return running.map(({ id, name, createdAtMs, namespaces, spec }) => {
    const own = namespaceTypes
      .filter((type) => isNew(spec.namespaces, type))
      .map((type) => [type, namespaces[type] ?? 0] as const)
      .filter(([, inode]) => inode !== 0 && !shared.has(inode));
    return { id, name, createdAtMs, namespaces: Object.fromEntries(own) };
  });
}

/** Name of the sandbox whose processes or files it sees; who joined only its network is not in it. */
export function sandboxOf(
  host: SandboxHost,
  { namespaces }: Pick<ProcessDetails, "namespaces">,
): string | undefined {
  const names = namesByNamespace(host);
  const [name] = namespaces
    .filter(({ type }) => type === "pid" || type === "mnt")
    .flatMap(({ inode }) => names.get(inode) ?? []);
  return name;
}

function observe(
  { registry }: SandboxHost,
  records: readonly SandboxRecord[],
  processes?: readonly HostProcess[],
): readonly SandboxSummary[] {
  const running = new Set(records.filter(isRunning));
  const members = processes ? findMembers([...running], processes) : readMembers([...running]);
  return records.map((record) =>
    summarise(record, {
      running: running.has(record),
      exit: registry.exitOf(record.id),
      processes: members.get(record.id) ?? [],
    }),
  );
}

function namespacesOf({ namespaces, spec }: SandboxRecord): readonly NamespaceShare[] {
  const own = ownNamespaces();
  return namespaceTypes.flatMap((type) => {
    const inode = namespaces[type];
    const joinedWith = joinedTarget(spec.namespaces, type);
    return inode === undefined ? [] : [{ type, inode, shared: inode === own[type], joinedWith }];
  });
}
