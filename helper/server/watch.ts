import { Inventory } from "../inventory/watch/watch.ts";
import { containersOf } from "../sandboxes/containers.ts";
import type { SandboxHost } from "../sandboxes/host.ts";
import { listSandboxes } from "../sandboxes/list.ts";

/** The one inventory of a helper: it is read once, however many clients watch it. */
export function shareInventory(host: SandboxHost): Inventory {
  return new Inventory({
    containers: containersOf(host),
    directories: host.registry.directories,
    sandboxes: (processes) => listSandboxes(host, true, processes),
  });
}
