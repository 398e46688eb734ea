import type { NamespaceFact, NamespaceReport } from "../../helper/protocol/inventory.ts";
import {
  type NamespaceType,
  namespaceFacts,
  namespaceTypes,
} from "../../helper/protocol/namespaces.ts";
import type { RowToken } from "../contributions.ts";
import { processRows } from "./processRows.ts";
import type { Row } from "./row.ts";
import { countOf, facts } from "./words.ts";

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

/** The rows of the second view: the types, their namespaces, the processes in them. */
export function namespaceRows({ namespaces }: NamespaceReport): readonly Row[] {
  return namespaceTypes.flatMap((type) => {
    const members = namespaces.filter((namespace) => namespace.type === type).sort(byRelevance);
    return members.length === 0 ? [] : [typeRow(type, members)];
  });
}

/** The host's first, then those of sandboxes, then the rest; each group by number. */
function byRelevance(a: NamespaceFact, b: NamespaceFact): number {
  const rank = ({ isInitial, sandbox }: NamespaceFact) => (isInitial ? 0 : sandbox ? 1 : 2);
  return rank(a) - rank(b) || a.inode - b.inode;
}

function typeRow(type: NamespaceType, namespaces: readonly NamespaceFact[]): Row {
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
    children: () => namespaces.map((namespace) => namespaceRow(type, namespace)),
  };
}

function namespaceRow(parentId: string, namespace: NamespaceFact): Row {
  const { type, inode, processes } = namespace;
  const id = `${parentId}/${inode}`;
  const words = facts(whose(namespace), population(namespace));
  const row: Row = {
    id,
    label: `${inode}`,
    description: words,
    icon: icon(namespace),
    tokens: ["namespace", type, ...stateTokens(namespace)],
    subject: { kind: "namespace", namespace },
    spoken: `${type} namespace ${inode}, ${words.replaceAll(" · ", ", ")}`,
    card: () => ({
      title: `${type} namespace ${inode}`,
      lesson: `Isolates ${namespaceFacts[type].isolates}.`,
      facts: [
        ["whose", whose(namespace)],
        ["processes", `${processes.length}`],
        ["topmost process", processes[0] ? `${processes[0].pid} ${processes[0].command}` : "none"],
        ["owner", namespace.ownerUid === undefined ? "not known" : `user id ${namespace.ownerUid}`],
        ["link", processes[0] ? `/proc/${processes[0].pid}/ns/${type}` : "none"],
      ],
    }),
  };
  if (processes.length === 0) return row;
  return { ...row, children: () => processRows(id, processes) };
}

/** In the words that people use: the host, a sandbox's name, else the process that it began with. */
export function whose({ isInitial, sandbox, processes }: NamespaceFact): string {
  if (isInitial) return "host";
  if (sandbox) return sandbox;
  return processes[0] ? `${processes[0].command} (${processes[0].pid})` : "nobody";
}

function population({ processes }: NamespaceFact): string {
  return processes.length === 0
    ? "kept alive without a process"
    : countOf(processes.length, "process");
}

function stateTokens({ isInitial, processes }: NamespaceFact): readonly RowToken[] {
  return [
    ...(isInitial ? [] : (["foreign"] as const)),
    ...(processes.length > 0 ? (["populated"] as const) : []),
  ];
}

function icon({ isInitial, sandbox, processes }: NamespaceFact): Row["icon"] {
  if (sandbox) return { codicon: "vm-running", color: "charts.green" };
  if (isInitial) return { codicon: "home" };
  return { codicon: processes.length === 0 ? "circle-outline" : "circle-filled" };
}
