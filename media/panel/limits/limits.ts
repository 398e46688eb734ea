import type { LimitName } from "../../../helper/protocol/limits.ts";
import type { LimitsReport } from "../../../helper/protocol/limitsReport.ts";
import { fieldError, isOther } from "../../../helper/protocol/limitTexts.ts";
import type { LimitTexts, PanelLimits } from "../../../helper/protocol/panel.ts";
import { element, setText } from "../element.ts";
import { type KeyedList, keyedList } from "../list.ts";
import type { Post, Tab } from "../tab.ts";
import { type Bar, makeBar } from "./bar.ts";
import { type Drafts, makeDrafts } from "./drafts.ts";
import { type FormRow, formRows } from "./formRows.ts";
import { groupOf, groupTitles } from "./groups.ts";
import { makeRow, makeUnavailable } from "./row.ts";

/** The form: every limit as the kernel holds it, and what is asked of it instead. */
class LimitsForm {
  readonly #drafts: Drafts;
  readonly #bar: Bar;
  readonly #post: Post;
  readonly #note = element("p", { class: "dim" });
  readonly #groups = new Map<string, KeyedList<FormRow>>();
  readonly #form: HTMLFormElement;
  #limits: PanelLimits | undefined;

  constructor(root: HTMLElement, post: Post) {
    this.#post = post;
    this.#drafts = makeDrafts(() => this.#draw());
    this.#bar = makeBar({ apply: (revertAfterMs) => this.#apply(revertAfterMs), post });
    const form = element("form", { class: "limits", novalidate: true, "aria-label": "Limits" });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#apply();
    });
    form.append(element("div", { class: "scroll" }, this.#table()), this.#bar.root);
    root.append(this.#note);
    this.#form = form;
  }

  show(limits: PanelLimits | undefined): void {
    if (!limits) return;
    // Not before: its buttons would act on nothing.
    if (!this.#limits) this.#note.after(this.#form);
    this.#limits = limits;
    this.#drafts.answered(limits);
    this.#draw();
  }

  hidden(): void {
    this.#bar.hidden();
  }

  #table(): HTMLTableElement {
    const columns = ["Limit", "Value", "In force", "Above", "File"];
    const headings = columns.map((title) => element("th", { scope: "col" }, title));
    const bodies = groupTitles.map((title) => {
      const heading = element("th", { colspan: 5, scope: "rowgroup" }, title);
      const body = element("tbody", {}, element("tr", { class: "group" }, heading));
      const list = keyedList<FormRow>(
        body,
        ({ limit, unavailable }) => `${limit} ${unavailable === undefined}`,
        (row) =>
          row.unavailable === undefined
            ? makeRow(row, this.#drafts, this.#post)
            : makeUnavailable(),
        1,
      );
      this.#groups.set(title, list);
      return body;
    });
    return element("table", {}, element("thead", {}, element("tr", {}, ...headings)), ...bodies);
  }

  #draw(): void {
    if (!this.#limits) return;
    const { report } = this.#limits;
    setText(this.#note, noteOn(report));
    for (const [title, list] of this.#groups) {
      list.show(formRows(report.rows.filter(({ limit }) => groupOf(limit) === title)));
    }
    this.#bar.show(this.#limits, this.#asked());
  }

  /** The drafts that ask for something else than what is there. */
  #asked(): { readonly texts: LimitTexts; readonly valid: boolean } {
    const rows = this.#limits?.report.rows ?? [];
    const drafts = this.#drafts.all();
    const asked = rows.flatMap((row): readonly (readonly [LimitName, string])[] => {
      const text = drafts[row.limit];
      return text !== undefined && isOther(row, text) ? [[row.limit, text.trim()]] : [];
    });
    const valid = asked.every(([limit, text]) => fieldError(limit, text) === undefined);
    return { texts: Object.fromEntries(asked), valid };
  }

  #apply(revertAfterMs?: number): void {
    const { texts, valid } = this.#asked();
    const names = (this.#limits?.report.rows ?? []).flatMap(({ limit }) =>
      limit in texts ? limit : [],
    );
    if (names.length === 0 || !valid) return;
    this.#drafts.sent(names);
    this.#post({ type: "updateLimits", limits: texts, revertAfterMs });
  }
}

/** Whose limits they are, where that is not plain. */
function noteOn({ kind, own, title, unit }: LimitsReport): string {
  const shared =
    "The kernel limits cgroups: these hold for all processes in the same one, and those of each process for it alone.";
  const main =
    "The limits of each process are shown as its main process has them; a change is for all that run in it, and lasts.";
  const foreign = `Terrarium did not make ${title}: you are asked before anything is changed.`;
  const systemd = `systemd made it as ${unit} and may write these files again.`;
  const whose = { process: shared, sandbox: main, cgroup: "" }[kind];
  return [whose, own ? "" : foreign, unit === undefined ? "" : systemd].filter(Boolean).join(" ");
}

let form: LimitsForm;

export const limitsTab: Tab = {
  mount: (root, post) => {
    form = new LimitsForm(root, post);
  },
  show: ({ limits }) => form.show(limits),
  hidden: () => form.hidden(),
};
