import { readCgroups } from "../inventory/cgroups.ts";
import { readNamespaces } from "../inventory/namespaces.ts";
import { watchInventory } from "../inventory/watch.ts";
import type { Notifications } from "../protocol/methods.ts";
import type { Topic } from "../protocol/schemas.ts";
import type { SandboxHost } from "../sandboxes/host.ts";
import { listSandboxes, namesById, namesByNamespace } from "../sandboxes/list.ts";

type Change = Notifications["inventory/didChange"];

/** What one connection watches. */
export interface Watch {
  set(topics: readonly Topic[]): void;
  dispose(): void;
}

/** Reads the watched topics when they may have changed, and tells the client when they have. */
export function openWatch(host: SandboxHost, notify: (change: Change) => void): Watch {
  return watchInventory<Change>({
    topics: [],
    directories: [host.registry.state.sandboxes],
    read: (topic) => readers[topic](host),
    onChange: (_topic, change) => notify(change),
  });
}

const readers: { readonly [T in Topic]: (host: SandboxHost) => Promise<Change> | Change } = {
  sandboxes: async (host) => ({ topic: "sandboxes", report: await listSandboxes(host, true) }),
  namespaces: (host) => ({
    topic: "namespaces",
    report: readNamespaces({ sandboxes: namesByNamespace(host) }),
  }),
  cgroups: (host) => ({ topic: "cgroups", report: readCgroups({ sandboxNames: namesById(host) }) }),
};
