import { limitFacts } from "../../../helper/protocol/limits.ts";
import { trialText } from "../../../helper/protocol/limitTexts.ts";
import type { LimitTexts, PanelLimits } from "../../../helper/protocol/panel.ts";
import { button, element, setText } from "../element.ts";
import type { Post } from "../tab.ts";

/** What is done with the form, below it, and how the last time went. */
export interface Bar {
  readonly root: HTMLElement;
  show(limits: PanelLimits, asked: { readonly texts: LimitTexts; readonly valid: boolean }): void;
  hidden(): void;
}

const trialMs = 60_000;
const secondMs = 1_000;

export function makeBar({
  apply,
  post,
}: {
  readonly apply: (revertAfterMs?: number) => void;
  readonly post: Post;
}): Bar {
  const applyNow = element("button", { type: "submit", class: "button primary" }, "Apply");
  const applyForAWhile = button("Apply for 60 s", () => apply(trialMs));
  const undo = button("Undo Last Change", () => post({ type: "undoLimits" }));
  const keepIt = button("Keep", () => post({ type: "keepLimits" }), { class: "button primary" });
  const revert = button("Put Back Now", () => post({ type: "revertLimits" }));
  const copy = button("Copy as docker run Flags", () => post({ type: "copyFlags" }));
  const said = element("p", { role: "status" });
  const refusal = element("p", { role: "alert", class: "error" });
  // No live region: a number that is read out every second is no help.
  const countdown = element("span", { class: "countdown" });
  const trial = element("div", { class: "buttons" }, countdown, keepIt, revert);
  const root = element(
    "div",
    { class: "bar" },
    refusal,
    said,
    trial,
    element("div", { class: "buttons" }, applyNow, applyForAWhile, undo, copy),
  );
  let endsAtMs: number | undefined;
  let timer: number | undefined;

  const count = () => {
    clearTimeout(timer);
    const leftMs = endsAtMs === undefined ? 0 : endsAtMs - performance.now();
    trial.hidden = leftMs <= 0;
    if (leftMs <= 0) return;
    setText(countdown, `Put back in ${Math.ceil(leftMs / secondMs)} s unless kept`);
    timer = setTimeout(count, leftMs % secondMs || secondMs);
  };
  return {
    root,
    show: ({ report, changed, refused, canUndo, revertsInMs }, { texts, valid }) => {
      const nothing = Object.keys(texts).length === 0 || !valid;
      applyNow.disabled = nothing;
      applyForAWhile.disabled = nothing;
      undo.hidden = !canUndo || revertsInMs !== undefined;
      setText(refusal, [refusedWords(refused), ...notPutBack(report)].filter(Boolean).join(" "));
      setText(said, saidWords(changed));
      endsAtMs = revertsInMs === undefined ? undefined : performance.now() + revertsInMs;
      count();
    },
    hidden: () => clearTimeout(timer),
  };
}

function saidWords(changed: PanelLimits["changed"]): string {
  if (!changed) return "";
  return [`Changed: ${changed.words.join("; ")}.`, changed.note].filter(Boolean).join(" ");
}

/** The countdown tells of those that still run. */
function notPutBack({ trials }: PanelLimits["report"]): readonly string[] {
  return trials.filter(({ refused }) => refused !== undefined).map(trialText);
}

/** What is about one limit stands beside its field, which may be out of sight. */
function refusedWords(refused: PanelLimits["refused"]): string {
  if (!refused) return "";
  const { limit, message } = refused;
  return limit === undefined
    ? message
    : `The limit ${limitFacts[limit].label} was refused; nothing was changed.`;
}
