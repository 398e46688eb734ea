import type { HostNamespace, HostProcess } from "../../helper/protocol/hostTables.ts";
import { type NamespaceType, namespaceFacts } from "../../helper/protocol/namespaces.ts";
import {
  keeperWords,
  membersOf,
  populationWords,
  whoseNamespace,
} from "../../helper/protocol/namespaceWords.ts";
import { facts } from "../../helper/protocol/words.ts";
import type { RowToken } from "../contributions.ts";
import { processRows } from "./processRows.ts";
import type { Card, NamespaceSubject, Row } from "./row.ts";
import type { Tables } from "./tables.ts";
import { spokenFacts } from "./words.ts";

export const namespaceIcons: Readonly<Record<NamespaceType, string>> = {
  pid: "list-ordered",
  mnt: "file-directory",
  net: "globe",
  user: "account",
  uts: "tag",
  ipc: "arrow-swap",
  cgroup: "dashboard",
  time: "watch",
};

/** One namespace, and the processes in it. */
export function namespaceRow(
  parentId: string | undefined,
  name: string,
  namespace: HostNamespace,
  tables: Tables,
): Row {
  const { type, inode } = namespace;
  const id = parentId === undefined ? name : `${parentId}/${name}`;
  const members = membersOf(namespace, tables);
  const subject = namespaceSubject(namespace, tables);
  const { whose } = subject;
  const words = facts(whose, populationWords(namespace, members.length));
  const row: Row = {
    id,
    label: `${inode}`,
    description: words,
    icon: icon(namespace, members),
    tokens: ["namespace", type, ...stateTokens(namespace, members)],
    subject: { kind: "namespace", namespace: subject },
    spoken: `${type} namespace ${inode}, ${spokenFacts(words)}`,
    alsoFound: keeperWords(namespace),
    card: () => namespaceCard(namespace, whose, members),
  };
  if (members.length === 0) return row;
  return { ...row, children: () => processRows(id, members) };
}

export function namespaceSubject(namespace: HostNamespace, tables: Tables): NamespaceSubject {
  const { type, inode, isInitial } = namespace;
  const members = membersOf(namespace, tables);
  const whose = whoseNamespace(namespace, members, tables);
  return { type, inode, isInitial, whose, processes: members.length, topmost: members[0] };
}

function namespaceCard(
  namespace: HostNamespace,
  whose: string,
  members: readonly HostProcess[],
): Card {
  const { type, inode, owner, ownerUid, parent, id } = namespace;
  const [topmost] = members;
  const keepers = keeperWords(namespace);
  const optional: readonly (readonly [string, string | undefined])[] = [
    ["kept alive by", keepers === "" ? undefined : keepers],
    ["parent", parent === undefined ? undefined : `${type} namespace ${parent}`],
    ["owner", owner === undefined ? undefined : `user namespace ${owner}`],
    ["made by user id", ownerUid === undefined ? undefined : `${ownerUid}`],
    ["id that is never given again", id],
    ["link", topmost && `/proc/${topmost.pid}/ns/${type}`],
  ];
  return {
    title: `${type} namespace ${inode}`,
    lesson: `Isolates ${namespaceFacts[type].isolates}.`,
    facts: [
      ["whose", whose],
      ["processes", `${members.length}`],
      ["topmost process", topmost ? `${topmost.pid} ${topmost.command}` : "none"],
      ...optional.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])),
    ],
  };
}

function stateTokens(
  { isInitial }: HostNamespace,
  members: readonly HostProcess[],
): readonly RowToken[] {
  return [
    ...(isInitial ? [] : (["foreign"] as const)),
    ...(members.length > 0 ? (["populated"] as const) : []),
  ];
}

function icon(
  { isInitial, container }: HostNamespace,
  members: readonly HostProcess[],
): Row["icon"] {
  if (container?.startsWith("terrarium:")) return { codicon: "vm-running", color: "charts.green" };
  if (container !== undefined) return { codicon: "package" };
  if (isInitial) return { codicon: "home" };
  return { codicon: members.length === 0 ? "circle-outline" : "circle-filled" };
}

/** The host's first, then those of containers, then the rest; each group by number. */
export function byRelevance(a: HostNamespace, b: HostNamespace): number {
  const rank = ({ isInitial, container }: HostNamespace) => (isInitial ? 0 : container ? 1 : 2);
  return rank(a) - rank(b) || a.inode - b.inode;
}
