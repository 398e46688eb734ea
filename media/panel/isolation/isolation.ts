import {
  type IsolationGroup,
  type IsolationLine,
  type IsolationReport,
  isolationGroups,
  isolationGroupTitles,
  isolationLevels,
  isolationLevelWords,
} from "../../../helper/protocol/isolation.ts";
import { keep, kept } from "../editor.ts";
import { element } from "../element.ts";
import type { Tab } from "../tab.ts";

const onlyOpenKey = "isolation.onlyOpen";

const summary = element("div");
const body = element("div");
let report: IsolationReport | undefined;
let shown = "";

/** What it can still see and do: each fact as it was read, how much it matters, and what would close it. */
export const isolationTab: Tab = {
  mount: (root) => root.append(summary, onlyOpenBox(), body),
  show: ({ isolation }) => {
    report = isolation;
    draw();
  },
  hidden: () => undefined,
};

function onlyOpenBox(): HTMLElement {
  const box = element("input", { type: "checkbox", id: "only-open", checked: isOnlyOpen() });
  box.addEventListener("change", () => {
    keep(onlyOpenKey, box.checked);
    draw();
  });
  return element("p", {}, box, element("label", { for: "only-open" }, "Only what is not closed"));
}

function isOnlyOpen(): boolean {
  return kept(onlyOpenKey) === true;
}

function draw(): void {
  const facts = JSON.stringify([report, isOnlyOpen()]);
  if (facts === shown) return;
  shown = facts;
  if (!report) return;
  const { lines } = report;
  const wanted = isOnlyOpen() ? lines.filter(({ level }) => level !== "closed") : lines;
  summary.replaceChildren(...summaryOf(report));
  body.replaceChildren(...isolationGroups.flatMap((group) => section(group, wanted)));
}

function summaryOf({ process, sandbox, lines }: IsolationReport): readonly HTMLElement[] {
  const whose = sandbox === undefined ? "" : `sandbox ${sandbox}, `;
  const counts = isolationLevels.map((level) => {
    const count = lines.filter((line) => line.level === level).length;
    const { mark, is } = isolationLevelWords[level];
    const shape = element(
      "span",
      { class: "level", "data-level": level, "aria-hidden": "true" },
      mark,
    );
    return element("span", {}, shape, `${count} ${is}`);
  });
  return [
    element(
      "h2",
      {},
      `What ${whose}process ${process.pid} (${process.command}) can still see and do`,
    ),
    element("p", { class: "counts" }, ...counts),
    element(
      "p",
      { class: "dim" },
      "No score is given: one open line can outweigh twenty that are closed.",
    ),
  ];
}

function section(group: IsolationGroup, all: readonly IsolationLine[]): readonly HTMLElement[] {
  const lines = all.filter((line) => line.group === group);
  if (lines.length === 0) return [];
  const list = element("ul", { class: "isolation" }, ...lines.map(item));
  return [element("h2", {}, isolationGroupTitles[group]), list];
}

function item({ name, level, fact, source, matters, remedy }: IsolationLine): HTMLLIElement {
  const { mark, is } = isolationLevelWords[level];
  const shape = element(
    "span",
    { class: "level", "data-level": level, "aria-hidden": "true" },
    mark,
  );
  return element(
    "li",
    {},
    shape,
    element("strong", {}, name, element("span", { class: "spoken" }, `, ${is}:`)),
    element(
      "div",
      {},
      element("span", {}, fact),
      matters === undefined ? undefined : element("div", { class: "dim" }, matters),
      remedy === undefined ? undefined : element("div", { class: "remedy" }, `→ ${remedy}`),
    ),
    element("span", { class: "code dim" }, source),
  );
}
