import type { NamespaceShare, SandboxSummary } from "../../helper/protocol/inventory.ts";
import { namespaceFacts } from "../../helper/protocol/namespaces.ts";
import { namespaceIcons } from "./namespaceRows.ts";
import type { Row } from "./row.ts";
import { countOf, facts } from "./words.ts";

/** The group "Namespaces" of a sandbox: which it has for itself and which it shares. */
export function shareRows(
  parentId: string,
  sandbox: SandboxSummary,
  namespaces: readonly NamespaceShare[],
): readonly Row[] {
  if (namespaces.length === 0) return [];
  const id = `${parentId}/namespaces`;
  return [
    {
      id,
      label: "Namespaces",
      description: sharesInShort(namespaces),
      icon: { codicon: "layers" },
      tokens: ["group"],
      subject: { kind: "group" },
      spoken: `Namespaces: ${sharesInWords(namespaces)}`,
      card: () => ({
        title: "Namespaces",
        lesson: "A namespace gives its processes their own copy of one kind of thing.",
        facts: namespaces.map(({ type, shared }) => [
          `${type}, ${shared ? "the host's" : "its own"}`,
          namespaceFacts[type].isolates,
        ]),
      }),
      children: () => namespaces.map((share) => shareRow(id, share, sandbox)),
    },
  ];
}

/** `7 own · time the host's`: the exceptions are what one looks for. */
export function sharesInShort(shares: readonly NamespaceShare[]): string {
  const shared = shares.filter((share) => share.shared).map(({ type }) => type);
  return facts(
    `${shares.length - shared.length} own`,
    shared.length === 0 ? undefined : `${shared.join(" ")} the host's`,
  );
}

/** `pid mnt net its own · time the host's` */
export function sharesInWords(shares: readonly NamespaceShare[]): string {
  const types = (shared: boolean) =>
    shares.filter((share) => share.shared === shared).map(({ type }) => type);
  const own = types(false).join(" ");
  const host = types(true).join(" ");
  return [own && `${own} its own`, host && `${host} the host's`].filter(Boolean).join(" · ");
}

function shareRow(parentId: string, share: NamespaceShare, sandbox: SandboxSummary): Row {
  const { type, inode, shared } = share;
  const members = type === "pid" ? ` · ${countOf(sandbox.processes.length, "process")}` : "";
  const words = shared ? "shared with the host" : `own${members}`;
  const main = sandbox.processes.find(({ pid }) => pid === sandbox.pid) ?? sandbox.processes[0];
  return {
    id: `${parentId}/${type}`,
    label: type,
    description: `${inode}   ${words}`,
    icon: { codicon: namespaceIcons[type] },
    tokens: [
      "namespace",
      type,
      ...(shared ? [] : (["foreign"] as const)),
      ...(main ? (["populated"] as const) : []),
    ],
    subject: {
      kind: "namespace",
      namespace: {
        type,
        inode,
        isInitial: shared,
        sandbox: shared ? undefined : sandbox.name,
        processes: main ? [main] : [],
      },
    },
    spoken: `${type} namespace, ${words}`,
    card: () => ({
      title: `${type} namespace ${inode}`,
      lesson: `Isolates ${namespaceFacts[type].isolates}.`,
      facts: [
        ["whose", words],
        ["made by", namespaceFacts[type].cloneFlag],
      ],
    }),
  };
}
