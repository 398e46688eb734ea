import type { ProcessEntry } from "../../../helper/protocol/inventory.ts";
import type { ProcessIdentity } from "../../../helper/protocol/panel.ts";
import { button, element, setAttribute, setText } from "../element.ts";
import { type KeyedElement, type KeyedList, keyedList } from "../list.ts";
import type { Post, Tab } from "../tab.ts";
import { type Branch, deepestIndent, inTreeOrder } from "./tree.ts";

let list: KeyedList<Branch>;
const note = element("p", { class: "dim" });

/** The processes as a tree, each with its number inside and outside. */
export const processesTab: Tab = {
  mount: (root, post) => {
    const body = element("tbody");
    root.append(
      note,
      element(
        "div",
        { class: "scroll" },
        element("table", { class: "processes" }, element("thead", {}, headings()), body),
      ),
    );
    list = keyedList(
      body,
      ({ process }) => identity(process),
      (branch) => makeRow(branch, post),
    );
  },
  show: ({ processes, subject }) => {
    const known = processes?.processes ?? [];
    setText(note, noteWords(subject.kind, known, processes?.leftOut ?? 0));
    list.show(inTreeOrder(known));
  },
  hidden: () => undefined,
};

function headings(): HTMLTableRowElement {
  const columns = [
    ["Command", ""],
    ["PID inside", "number"],
    ["PID on the host", "number"],
    ["User on the host", ""],
  ] as const;
  return element(
    "tr",
    {},
    ...columns.map(([title, kind]) => element("th", { scope: "col", class: kind }, title)),
    element("th", { scope: "col" }, element("span", { class: "spoken" }, "Actions")),
  );
}

function makeRow(branch: Branch, post: Post): KeyedElement<Branch> {
  const { pid, startTimeTicks } = branch.process;
  const process: ProcessIdentity = { pid, startTimeTicks };
  const name = button("", () => post({ type: "openProcess", process }), { class: "link" });
  const line = element("span", { class: "dim line" });
  const command = element("th", { scope: "row" }, name, line);
  const inner = element("td", { class: "number" });
  const user = element("td");
  const kill = button("Kill…", () => post({ type: "kill", process }));
  const root = element(
    "tr",
    {},
    command,
    inner,
    element("td", { class: "number" }, `${pid}`),
    user,
    element("td", {}, kill),
  );
  return {
    root,
    show: ({ process: now, depth }) => {
      setText(name, now.command);
      setAttribute(name, "title", `Open the panel of process ${pid}`);
      setText(line, argumentsOf(now));
      setAttribute(line, "title", now.commandLine);
      setAttribute(command, "data-depth", Math.min(depth, deepestIndent));
      setAttribute(kill, "aria-label", `Kill ${now.command}, process ${pid}`);
      setText(inner, now.nestedPids.length > 1 ? `${now.nestedPids.at(-1)}` : "—");
      setText(user, now.user);
    },
  };
}

/** The command line says more than the name, or it is not repeated. */
function argumentsOf({ command, commandLine }: ProcessEntry): string {
  return commandLine === command ? "" : commandLine;
}

function identity({ pid, startTimeTicks }: ProcessIdentity): string {
  return `${pid}:${startTimeTicks}`;
}

function noteWords(kind: string, known: readonly ProcessEntry[], leftOut: number): string {
  if (known.length === 0) return `There is no process in this ${kind}.`;
  const nested = known.some(({ nestedPids }) => nestedPids.length > 1);
  const lesson = nested
    ? "One process, two numbers: each pid namespace that it is in counts from 1 for itself."
    : "";
  return [lesson, leftOut > 0 ? `${leftOut} more are not shown.` : ""].filter(Boolean).join(" ");
}
