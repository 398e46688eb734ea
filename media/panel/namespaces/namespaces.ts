import type { NamespaceShare } from "../../../helper/protocol/inventory.ts";
import { namespaceFacts, whose } from "../../../helper/protocol/namespaces.ts";
import { element, setText } from "../element.ts";
import type { Tab } from "../tab.ts";

const note = element("p", { class: "dim" });
const body = element("tbody");
let shown = "";

/** Which namespaces are its own, which it shares, and what each of them is about. */
export const namespacesTab: Tab = {
  mount: (root) => {
    const columns = ["Namespace", "Whose", "What it isolates", "Number", "Made by"];
    const headings = columns.map((title) => element("th", { scope: "col" }, title));
    const head = element("thead", {}, element("tr", {}, ...headings));
    root.append(note, element("div", { class: "scroll" }, element("table", {}, head, body)));
  },
  show: ({ namespaces = [] }) => {
    const facts = JSON.stringify(namespaces);
    if (facts === shown) return;
    shown = facts;
    setText(note, summary(namespaces));
    body.replaceChildren(...namespaces.map(row));
  },
  hidden: () => undefined,
};

function summary(namespaces: readonly NamespaceShare[]): string {
  if (namespaces.length === 0) return "No process is left whose namespaces could be read.";
  const own = namespaces.filter((share) => !share.shared && share.joinedWith === undefined);
  return `${own.length} of ${namespaces.length} are its own. In a shared one it sees, and may change, what the others there do.`;
}

function row(share: NamespaceShare): HTMLTableRowElement {
  const { type, inode } = share;
  const { isolates, cloneFlag } = namespaceFacts[type];
  return element(
    "tr",
    {},
    element("th", { scope: "row" }, type),
    element("td", { class: "whose" }, whoseMark(share), whose(share)),
    element("td", {}, isolates),
    element("td", { class: "code dim" }, `${inode}`),
    element("td", { class: "code dim" }, cloneFlag),
  );
}

function whoseMark({ shared, joinedWith }: NamespaceShare): HTMLSpanElement {
  const open = shared || joinedWith !== undefined;
  const attributes = { class: "level", "data-level": open ? "partly" : "closed" };
  return element("span", { ...attributes, "aria-hidden": "true" }, open ? "▲" : "●");
}
