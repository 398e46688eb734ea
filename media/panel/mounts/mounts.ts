import type { MountAccess, PanelSnapshot } from "../../../helper/protocol/panel.ts";
import { element } from "../element.ts";
import type { Tab } from "../tab.ts";

type Mount = NonNullable<PanelSnapshot["mounts"]>[number];

/** What it can do to the host stands first, what hides the host's last. */
const groups: readonly { access: MountAccess; title: string; means: string }[] = [
  {
    access: "writable",
    title: "Writable",
    means: "files that it can change, as far as their modes let it",
  },
  { access: "read-only", title: "Read-only", means: "files that it can only read" },
  { access: "private", title: "Private", means: "its own, gone when it ends" },
  {
    access: "device",
    title: "Devices",
    means: "device nodes of the host; /dev/null hides a file of /proc",
  },
];

const body = element("div");
let shown = "";

/** Every mount that its processes see, by what can be done there. */
export const mountsTab: Tab = {
  mount: (root) => root.append(body),
  show: ({ mounts = [], mountsLeftOut = 0 }) => {
    const facts = JSON.stringify([mounts, mountsLeftOut]);
    if (facts === shown) return;
    shown = facts;
    const note = noteWords(mounts.length, mountsLeftOut);
    body.replaceChildren(
      ...(note === "" ? [] : [element("p", { class: "dim" }, note)]),
      ...groups.flatMap((group) => section(group, mounts)),
    );
  },
  hidden: () => undefined,
};

function noteWords(count: number, leftOut: number): string {
  if (count === 0) return "No process is left whose mounts could be read.";
  return leftOut === 0 ? "" : `The first ${count} of them; ${leftOut} more are not shown.`;
}

function section(
  { access, title, means }: (typeof groups)[number],
  all: readonly Mount[],
): readonly HTMLElement[] {
  const mounts = all.filter((mount) => mount.access === access);
  if (mounts.length === 0) return [];
  const columns = ["Mounted at", "Of", "File system", "Options"];
  const headings = columns.map((name) => element("th", { scope: "col" }, name));
  const heading = element(
    "h2",
    {},
    `${title} `,
    element("span", { class: "dim" }, `${mounts.length} · ${means}`),
  );
  const rows = [...mounts].sort((a, b) => (a.target < b.target ? -1 : 1)).map(row);
  const table = element(
    "table",
    { class: "mounts" },
    element("thead", {}, element("tr", {}, ...headings)),
    element("tbody", {}, ...rows),
  );
  return [heading, element("div", { class: "scroll" }, table)];
}

function row({ target, source, fileSystem, options }: Mount): HTMLTableRowElement {
  return element(
    "tr",
    {},
    element("th", { scope: "row", class: "code" }, target),
    element("td", { class: "code" }, source),
    element("td", {}, fileSystem),
    element("td", { class: "dim options" }, options.replaceAll(",", ", ")),
  );
}
