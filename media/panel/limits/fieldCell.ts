import {
  formatLimit,
  type LimitName,
  limitFacts,
  unitOf,
} from "../../../helper/protocol/limits.ts";
import type { LimitRowReport } from "../../../helper/protocol/limitsReport.ts";
import { fieldError, fieldText, isOther } from "../../../helper/protocol/limitTexts.ts";
import { button, element, setAttribute, setText } from "../element.ts";
import type { KeyedElement } from "../list.ts";
import type { Drafts } from "./drafts.ts";

export function fieldId(limit: LimitName): string {
  return `limit-${limit}`;
}

export function helpId(limit: LimitName): string {
  return `limit-${limit}-help`;
}

/** The field of one limit, its bounds while one is in it, and what is wrong with what stands there. */
export function makeFieldCell(limit: LimitName, drafts: Drafts): KeyedElement<LimitRowReport> {
  const { label, minimum, maximum } = limitFacts[limit];
  const [boundsId, errorId] = [`${fieldId(limit)}-bounds`, `${fieldId(limit)}-error`];
  const input = element("input", {
    id: fieldId(limit),
    type: "text",
    spellcheck: "false",
    autocomplete: "off",
    placeholder: formatLimit(limit, undefined),
    "aria-describedby": `${helpId(limit)} ${boundsId} ${errorId}`,
  });
  const bounds = element(
    "div",
    { id: boundsId, class: "dim bounds" },
    unitOf(limit).range(minimum, maximum),
  );
  const error = element("div", { id: errorId, class: "error" });
  const forget = () => {
    drafts.forget(limit);
    input.focus();
  };
  const undo = button("Undo", forget, { class: "link", "aria-label": `Undo the edit of ${label}` });
  input.addEventListener("input", () => drafts.edit(limit, input.value));
  return {
    root: element("td", { class: "field" }, element("div", {}, input, undo), bounds, error),
    show: (row) => {
      const text = drafts.of(limit) ?? fieldText(row);
      const wrong = drafts.refusalOf(limit) ?? fieldError(limit, text);
      if (input.value !== text) input.value = text;
      setAttribute(input, "aria-invalid", wrong !== undefined && "true");
      setText(error, wrong ?? "");
      undo.hidden = !isOther(row, text);
      input.classList.toggle("edited", !undo.hidden);
    },
  };
}
