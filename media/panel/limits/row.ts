import {
  fieldHelp,
  formatLimit,
  type LimitName,
  limitFacts,
} from "../../../helper/protocol/limits.ts";
import type { LimitRowReport } from "../../../helper/protocol/limitsReport.ts";
import { isFromAbove } from "../../../helper/protocol/limitTexts.ts";
import { printable } from "../../../helper/protocol/printable.ts";
import { button, element, setAttribute, setText } from "../element.ts";
import type { KeyedElement } from "../list.ts";
import type { Post } from "../tab.ts";
import type { Drafts } from "./drafts.ts";
import { fieldId, helpId, makeFieldCell } from "./fieldCell.ts";
import type { FormRow } from "./formRows.ts";

/** One limit of the form: what it is, the field, what is in force, what stands above, and the file. */
export function makeRow(
  { limit }: LimitRowReport,
  drafts: Drafts,
  post: Post,
): KeyedElement<LimitRowReport> {
  const { label } = limitFacts[limit];
  const heading = element(
    "th",
    { scope: "row" },
    element("label", { for: fieldId(limit) }, label),
    element("div", { id: helpId(limit), class: "dim help" }, fieldHelp(limit)),
  );
  const cells = [
    makeFieldCell(limit, drafts),
    makeEffectiveCell(limit, post),
    makeParentCell(limit),
    makeFileCell(limit, post),
  ];
  return {
    root: element("tr", {}, heading, ...cells.map(({ root }) => root)),
    show: (row) => {
      for (const cell of cells) cell.show(row);
    },
  };
}

/** The lowest of all that bound it, with a way to the cgroup that sets it where that is one above. */
function makeEffectiveCell(limit: LimitName, post: Post): KeyedElement<LimitRowReport> {
  const words = element("span");
  const limiting = button("", () => post({ type: "openLimiting", limit }), { class: "link" });
  const from = element("span", {}, " from ", limiting);
  return {
    root: element("td", { "data-column": "in force" }, words, from),
    show: (row) => {
      setText(words, formatLimit(limit, row.effective?.value));
      from.hidden = !isFromAbove(row);
      setText(limiting, row.effective?.title ?? "");
      setAttribute(limiting, "title", printable(row.effective?.file ?? ""));
    },
  };
}

function makeParentCell(limit: LimitName): KeyedElement<LimitRowReport> {
  const root = element("td", { class: "dim", "data-column": "above" });
  return { root, show: ({ parent }) => setText(root, formatLimit(limit, parent)) };
}

function makeFileCell(limit: LimitName, post: Post): KeyedElement<LimitRowReport> {
  const { label } = limitFacts[limit];
  const open = button("", () => post({ type: "openLimitFile", limit }), { class: "link code" });
  const copy = button("Copy", () => post({ type: "copyLimitFile", limit }), {
    class: "link quiet",
    "aria-label": `Copy the path of the file of ${label}`,
  });
  return {
    root: element("td", { class: "file" }, open, copy),
    show: ({ file = "" }) => {
      setText(open, file.slice(file.lastIndexOf("/") + 1));
      setAttribute(open, "title", printable(file));
    },
  };
}

/** What cannot be had here: its name, and those of its neighbours that are lacking for the same reason. */
export function makeUnavailable(): KeyedElement<FormRow> {
  const why = element("td", { colspan: 4 });
  const names = element("th", { scope: "row" });
  return {
    root: element("tr", { class: "dim" }, names, why),
    show: ({ limit, alike = [], unavailable }) => {
      setText(names, [limit, ...alike].map((one) => limitFacts[one].label).join(", "));
      setText(why, `Not here: ${unavailable ?? ""}`);
    },
  };
}
