import type { NamespaceShare, SandboxDetails } from "../../helper/protocol/inventory.ts";
import { namespaceFacts } from "../../helper/protocol/namespaces.ts";
import { namespaceIcons } from "./namespaceRows.ts";
import type { Row } from "./row.ts";
import { countOf } from "./words.ts";

/** The group "Namespaces" of a sandbox: which it has for itself and which it shares. */
export function shareRows(parentId: string, details: SandboxDetails): readonly Row[] {
  if (details.namespaces.length === 0) return [];
  const id = `${parentId}/namespaces`;
  const summary = sharesInWords(details.namespaces);
  return [
    {
      id,
      label: "Namespaces",
      description: summary,
      icon: { codicon: "layers" },
      tokens: ["group"],
      subject: { kind: "group" },
      spoken: `Namespaces: ${summary}`,
      card: () => ({
        title: "Namespaces",
        lesson: "A namespace gives its processes their own copy of one kind of thing.",
        facts: details.namespaces.map(({ type }) => [type, namespaceFacts[type].isolates]),
      }),
      children: () => details.namespaces.map((share) => shareRow(id, share, details)),
    },
  ];
}

/** `pid mnt net its own · time the host's` */
export function sharesInWords(shares: readonly NamespaceShare[]): string {
  const types = (shared: boolean) =>
    shares.filter((share) => share.shared === shared).map(({ type }) => type);
  const own = types(false).join(" ");
  const host = types(true).join(" ");
  return [own && `${own} its own`, host && `${host} the host's`].filter(Boolean).join(" · ");
}

function shareRow(parentId: string, share: NamespaceShare, details: SandboxDetails): Row {
  const { type, inode, shared } = share;
  const members = type === "pid" ? ` · ${countOf(details.processes.length, "process")}` : "";
  const words = shared ? "shared with the host" : `own${members}`;
  const main = details.processes.find(({ pid }) => pid === details.pid) ?? details.processes[0];
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
        sandbox: shared ? undefined : details.name,
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
