import { containerLabel } from "../../helper/protocol/containerWords.ts";
import type { HostContainer } from "../../helper/protocol/hostTables.ts";
import type { NamespaceShare } from "../../helper/protocol/inventory.ts";
import { namespaceTypes } from "../../helper/protocol/namespaces.ts";
import { namespaceKey } from "../../helper/protocol/tableIndexes.ts";
import type { Tables } from "./tables.ts";

/** Which namespaces a container has for itself, and whose the others are. */
export function containerShares(
  container: HostContainer,
  tables: Tables,
): readonly NamespaceShare[] {
  const main = tables.processes.get(`${container.pid}:${container.startTimeTicks}`);
  return namespaceTypes.flatMap((type) => {
    const inode = main?.namespaces[type];
    if (inode === undefined) return [];
    const namespace = tables.namespaces.get(namespaceKey(type, inode));
    const shared = namespace?.isInitial ?? false;
    const isOwn = container.ownNamespaces.includes(type);
    const joinedWith =
      shared || isOwn ? undefined : ownerName(container, namespace?.container, tables);
    return [{ type, inode, shared, joinedWith }];
  });
}

/** Whose it is that is neither its own nor the host's: a container's, mostly of the same pod or the one around. */
function ownerName(container: HostContainer, key: string | undefined, { containers }: Tables) {
  const owner = containers.get(key ?? container.parent ?? "");
  return owner && owner.id !== container.id ? containerLabel(owner) : "another container";
}
