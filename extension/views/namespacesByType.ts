import type { HostNamespace } from "../../helper/protocol/hostTables.ts";
import {
  type NamespaceType,
  namespaceFacts,
  namespaceTypes,
} from "../../helper/protocol/namespaces.ts";
import { grouped } from "../../helper/protocol/tableIndexes.ts";
import { countOf } from "../../helper/protocol/words.ts";
import { byRelevance, namespaceIcons, namespaceRow } from "./namespaceRow.ts";
import type { Row } from "./row.ts";
import type { Tables } from "./tables.ts";

/** The types, their namespaces, the processes in them. */
export function namespacesByType(tables: Tables): readonly Row[] {
  const types = grouped(tables.namespaces.values(), ({ type }) => type);
  return namespaceTypes.flatMap((type) => {
    const namespaces = [...(types.get(type) ?? [])].sort(byRelevance);
    return namespaces.length === 0 ? [] : [typeRow(type, namespaces, tables)];
  });
}

function typeRow(type: NamespaceType, namespaces: readonly HostNamespace[], tables: Tables): Row {
  const { isolates, cloneFlag } = namespaceFacts[type];
  return {
    id: type,
    label: type,
    description: `${namespaces.length}`,
    icon: { codicon: namespaceIcons[type] },
    tokens: ["group"],
    subject: { kind: "group" },
    spoken: countOf(namespaces.length, `${type} namespace`),
    card: () => ({
      title: `${type} namespaces`,
      lesson: `Each isolates ${isolates}.`,
      facts: [
        ["how many", `${namespaces.length}`],
        ["made by", cloneFlag],
      ],
    }),
    children: () =>
      namespaces.map((namespace) => namespaceRow(type, `${namespace.inode}`, namespace, tables)),
  };
}
