import type { NamespaceShare, ProcessFact } from "../../helper/protocol/inventory.ts";
import { namespaceFacts, whose } from "../../helper/protocol/namespaces.ts";
import { countOf, facts } from "../../helper/protocol/words.ts";
import { namespaceIcons } from "./namespaceRow.ts";
import type { Row } from "./row.ts";

/** Whose namespaces they are. */
export interface Sharer {
  readonly name: string;
  /** In its own pid namespace. */
  readonly processes: number;
  /** The way in. */
  readonly main: ProcessFact | undefined;
}

/** The group "Namespaces" of a sandbox or container: which it has for itself and which it shares. */
export function shareRows(
  parentId: string,
  namespaces: readonly NamespaceShare[],
  sharer: Sharer,
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
      isDetail: true,
      subject: { kind: "group" },
      spoken: `Namespaces: ${sharesInWords(namespaces)}`,
      card: () => ({
        title: "Namespaces",
        lesson: "A namespace gives its processes their own copy of one kind of thing.",
        facts: namespaces.map((share) => [
          `${share.type}, ${whose(share)}`,
          namespaceFacts[share.type].isolates,
        ]),
      }),
      children: () => namespaces.map((share) => shareRow(id, share, sharer)),
    },
  ];
}

/** `6 own · net is another's · time is the host's`: the exceptions are what one looks for. */
export function sharesInShort(shares: readonly NamespaceShare[]): string {
  const { own, others, host } = sorted(shares);
  return facts(`${own.length} own`, belongTo(others, "another's"), belongTo(host, "the host's"));
}

/** `pid, mnt are its own · net is another's · time is the host's` */
export function sharesInWords(shares: readonly NamespaceShare[]): string {
  const { own, others, host } = sorted(shares);
  return facts(
    belongTo(own, "its own"),
    belongTo(others, "another's"),
    belongTo(host, "the host's"),
  );
}

function belongTo(types: readonly string[], whom: string): string | undefined {
  if (types.length === 0) return undefined;
  return `${types.join(", ")} ${types.length === 1 ? "is" : "are"} ${whom}`;
}

function sorted(shares: readonly NamespaceShare[]) {
  const types = (belongs: (share: NamespaceShare) => boolean) =>
    shares.filter(belongs).map(({ type }) => type);
  return {
    own: types(({ shared, joinedWith }) => !shared && joinedWith === undefined),
    others: types(({ shared, joinedWith }) => !shared && joinedWith !== undefined),
    host: types(({ shared }) => shared),
  };
}

function shareRow(parentId: string, share: NamespaceShare, sharer: Sharer): Row {
  const { type, inode, shared, joinedWith } = share;
  const { name, processes, main } = sharer;
  const members = type === "pid" ? ` · ${countOf(processes, "process")}` : "";
  const words = shared || joinedWith !== undefined ? whose(share) : `own${members}`;
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
        whose: shared ? "host" : (joinedWith ?? name),
        processes,
        topmost: main,
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
