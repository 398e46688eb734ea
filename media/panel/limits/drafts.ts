import type { LimitName } from "../../../helper/protocol/limits.ts";
import type { LimitTexts, PanelLimits } from "../../../helper/protocol/panel.ts";
import { keep, kept } from "../editor.ts";

const key = "limits.drafts";

/** What was typed and not yet applied. It outlives a page that is hidden. */
export interface Drafts {
  of(limit: LimitName): string | undefined;
  all(): LimitTexts;
  edit(limit: LimitName, text: string): void;
  forget(...limits: readonly LimitName[]): void;
  /** Why the kernel, or the helper, refused this one; until it is edited. */
  refusalOf(limit: LimitName): string | undefined;
  /** They were sent, and are settled when the next answer is not a refusal. */
  sent(limits: readonly LimitName[]): void;
  answered(limits: PanelLimits): void;
}

export function makeDrafts(changed: () => void): Drafts {
  let texts: LimitTexts = readKept();
  let waiting: readonly LimitName[] = [];
  let answers: number | undefined;
  let refused: PanelLimits["refused"];

  const write = (next: LimitTexts) => {
    texts = next;
    keep(key, texts);
    changed();
  };
  const without = (limits: readonly LimitName[]): LimitTexts =>
    Object.fromEntries(
      Object.entries(texts).filter(([name]) => !limits.some((one) => one === name)),
    );
  return {
    of: (limit) => texts[limit],
    all: () => texts,
    edit: (limit, text) => {
      if (refused?.limit === limit) refused = undefined;
      write({ ...texts, [limit]: text });
    },
    forget: (...limits) => {
      if (limits.some((limit) => limit === refused?.limit)) refused = undefined;
      write(without(limits));
    },
    refusalOf: (limit) => (refused?.limit === limit ? refused.message : undefined),
    sent: (limits) => {
      waiting = limits;
    },
    answered: (limits) => {
      if (limits.answers === answers) return;
      const isFirst = answers === undefined;
      answers = limits.answers;
      refused = limits.refused;
      if (!isFirst && !refused) write(without(waiting));
      waiting = [];
    },
  };
}

/** It is this page's own writing, but of an earlier version perhaps. */
function readKept(): LimitTexts {
  const value = kept(key);
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(Object.entries(value).filter(([, text]) => typeof text === "string"));
}
