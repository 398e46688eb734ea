import type { NamespaceType } from "../../helper/protocol/namespaces.ts";
import { namespacesByOwner, rowIdByOwner } from "./namespacesByOwner.ts";
import { namespacesByType } from "./namespacesByType.ts";
import type { Row } from "./row.ts";
import type { Tables } from "./tables.ts";

/** How the second view is arranged: what the person chose. */
export const namespaceGroupings = ["type", "owner"] as const;
export type NamespaceGrouping = (typeof namespaceGroupings)[number];

/** The rows of the second view. */
export function namespaceRows(tables: Tables, by: NamespaceGrouping = "type"): readonly Row[] {
  return by === "type" ? namespacesByType(tables) : namespacesByOwner(tables);
}

/** Where a namespace stands in that arrangement. */
export function namespaceRowId(
  type: NamespaceType,
  inode: number,
  tables: Tables,
  by: NamespaceGrouping,
): string | undefined {
  return by === "type" ? `${type}/${inode}` : rowIdByOwner(type, inode, tables);
}
