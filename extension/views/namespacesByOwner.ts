import type { HostNamespace } from "../../helper/protocol/hostTables.ts";
import { type NamespaceType, namespaceTypes } from "../../helper/protocol/namespaces.ts";
import { membersOf } from "../../helper/protocol/namespaceWords.ts";
import { grouped, namespaceKey } from "../../helper/protocol/tableIndexes.ts";
import { countOf, facts } from "../../helper/protocol/words.ts";
import { byRelevance, namespaceRow } from "./namespaceRow.ts";
import { processesRow } from "./processRows.ts";
import type { Row } from "./row.ts";
import type { Tables } from "./tables.ts";

/**
 * The user namespaces as they lie in each other, and below each what it owns: whoever has capabilities in an
 * owner has them over what it owns (user_namespaces(7)). Owners that the kernel did not tell come last.
 */
export function namespacesByOwner(tables: Tables): readonly Row[] {
  const known = new Set(
    [...tables.namespaces.values()].filter(({ type }) => type === "user").map(({ inode }) => inode),
  );
  const owned = grouped(tables.namespaces.values(), (namespace) => {
    const owner = ownerOf(namespace);
    return owner !== undefined && known.has(owner) ? `${owner}` : "";
  });
  const top = owned.get("") ?? [];
  const roots = top.filter(({ type }) => type === "user").sort(byRelevance);
  const ownerless = top.filter(({ type }) => type !== "user").sort(byTypeThenNumber);
  return [
    ...roots.map((namespace) => ownerRow(undefined, namespace, owned, tables)),
    ...(ownerless.length === 0 ? [] : [ownerlessRow(ownerless, tables)]),
  ];
}

/** A user namespace lies in its parent; all others belong to their owner. */
function ownerOf({ type, parent, owner }: HostNamespace): number | undefined {
  return type === "user" ? (parent ?? owner) : owner;
}

function byTypeThenNumber(a: HostNamespace, b: HostNamespace): number {
  return namespaceTypes.indexOf(a.type) - namespaceTypes.indexOf(b.type) || byRelevance(a, b);
}

/** The user namespaces above it, the outermost first, and itself. */
export function rowIdByOwner(
  type: NamespaceType,
  inode: number,
  tables: Tables,
): string | undefined {
  const namespace = tables.namespaces.get(namespaceKey(type, inode));
  if (!namespace) return undefined;
  const owner = ownerOf(namespace);
  const above = owner === undefined ? undefined : rowIdByOwner("user", owner, tables);
  const parent = above ?? (type === "user" ? undefined : ownerless);
  return parent === undefined ? nameOf(namespace) : `${parent}/${nameOf(namespace)}`;
}

const ownerless = "owner not known";

type Owned = ReadonlyMap<string, readonly HostNamespace[]>;

function ownerRow(
  parentId: string | undefined,
  namespace: HostNamespace,
  owned: Owned,
  tables: Tables,
): Row {
  const row = namespaceRow(parentId, nameOf(namespace), namespace, tables);
  const below = owned.get(`${namespace.inode}`) ?? [];
  if (below.length === 0) return labelled(row, namespace);
  const users = below.filter(({ type }) => type === "user").sort(byRelevance);
  const others = below.filter(({ type }) => type !== "user").sort(byTypeThenNumber);
  return {
    ...labelled(row, namespace),
    description: facts(row.description, `owns ${below.length}`),
    children: () => [
      ...membersRow(row.id, namespace, tables),
      ...others.map((one) => ownedRow(row.id, one, tables)),
      ...users.map((one) => ownerRow(row.id, one, owned, tables)),
    ],
    ...(namespace.isInitial && { startsOpen: true }),
  };
}

function ownedRow(parentId: string, namespace: HostNamespace, tables: Tables): Row {
  return labelled(namespaceRow(parentId, nameOf(namespace), namespace, tables), namespace);
}

/** No row above says the type here. */
function labelled(row: Row, { type, inode }: HostNamespace): Row {
  return { ...row, label: `${type} ${inode}` };
}

function membersRow(id: string, namespace: HostNamespace, tables: Tables): readonly Row[] {
  const members = membersOf(namespace, tables);
  return members.length === 0 ? [] : [{ ...processesRow(id, members), startsOpen: false }];
}

function nameOf({ type, inode }: HostNamespace): string {
  return namespaceKey(type, inode);
}

function ownerlessRow(namespaces: readonly HostNamespace[], tables: Tables): Row {
  const id = ownerless;
  const count = countOf(namespaces.length, "namespace");
  return {
    id,
    label: "owner not known",
    description: `${namespaces.length}`,
    icon: { codicon: "question" },
    tokens: ["group"],
    subject: { kind: "group" },
    spoken: `${count}, owner not known`,
    card: () => ({
      title: "Owner not known",
      lesson: "The kernel tells a namespace's owner only to whoever has rights in it.",
      facts: [],
    }),
    children: () => namespaces.map((namespace) => ownedRow(id, namespace, tables)),
  };
}
