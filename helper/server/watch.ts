import type { ContainerReader } from "../inventory/tables.ts";
import { Inventory } from "../inventory/watch/watch.ts";
import type { SandboxHost } from "../sandboxes/host.ts";
import { listSandboxes } from "../sandboxes/list.ts";

/** The one inventory of a helper: it is read once, however many clients watch it. */
export function shareInventory(host: SandboxHost, containers: ContainerReader): Inventory {
  return new Inventory({
    containers,
    directories: host.registry.directories,
    sandboxes: (processes) => listSandboxes(host, true, processes),
  });
}

/** One for each user whom root's helper shows everything: of the sandboxes theirs are ours, which their agent lists. */
export function shareInventoryFor(containers: ContainerReader): Inventory {
  return new Inventory({ containers, directories: () => [], sandboxes: async () => [] });
}
