import { ownNamespaces } from "../enter/namespaces.ts";
import type { KnownSandbox } from "../inventory/containers/facts.ts";
import { ContainerFinder } from "../inventory/containers/finder.ts";
import { initialNamespaces } from "../inventory/namespaces/initial.ts";
import type { ContainerReader } from "../inventory/tables.ts";
import { namespaceTypes } from "../protocol/namespaces.ts";
import { isNew } from "../protocol/sharing.ts";
import type { SandboxHost } from "./host.ts";
import { openSandboxesOf } from "./ofUser.ts";
import { isRunning } from "./reconcile.ts";
import type { SandboxRecord } from "./record.ts";

const readers = new WeakMap<SandboxHost, ContainerReader>();

/**
 * How a helper finds containers: by what it has read of the host, and its own sandboxes by the registry. One for all of
 * its clients, which need not learn what another has learnt.
 */
export function containersOf(host: SandboxHost): ContainerReader {
  const reader = readers.get(host) ?? openReader(() => knownSandboxes(host));
  readers.set(host, reader);
  return reader;
}

/** The same for root's helper and somebody whose sandboxes are theirs, and not root's. */
export function containersFor(uid: number): ContainerReader {
  return openReader(openSandboxesOf(uid));
}

function openReader(known: () => readonly KnownSandbox[]): ContainerReader {
  const finder = new ContainerFinder();
  return {
    find: ({ hierarchies }, { processes, cgroups }) =>
      finder.steps({
        processes,
        hierarchies,
        cgroups,
        initial: initialNamespaces(),
        sandboxes: known(),
        helperPid: process.pid,
      }),
    enrich: () => finder.enrich(),
    follow: (onNews) => finder.follow(onNews),
  };
}

function knownSandboxes({ registry }: SandboxHost): readonly KnownSandbox[] {
  const shared = new Set(Object.values(ownNamespaces()));
  return registry
    .records()
    .filter(isRunning)
    .map((record) => ({
      id: record.id,
      name: record.name,
      createdAtMs: record.createdAtMs,
      namespaces: namespacesOf(record, shared),
    }));
}

/** Those that are its own: neither the host's nor another's that it joined. */
function namespacesOf(
  { namespaces, spec }: SandboxRecord,
  shared: ReadonlySet<number>,
): KnownSandbox["namespaces"] {
  const own = namespaceTypes.filter((type) => isNew(spec.namespaces, type));
  return Object.fromEntries(
    own.flatMap((type) => {
      const inode = namespaces[type];
      return inode === undefined || shared.has(inode) ? [] : [[type, inode]];
    }),
  );
}
