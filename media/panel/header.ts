import type { PanelAction, PanelHeader, PanelSnapshot } from "../../helper/protocol/panel.ts";
import { button, element, setAttribute, setText } from "./element.ts";
import { cpuFigure, memoryFigure } from "./figures.ts";
import type { Post } from "./tab.ts";
import { durationWords } from "./words.ts";

/** Who it is, how it is, and what one does with it. */
export interface Header {
  readonly root: HTMLElement;
  show(snapshot: PanelSnapshot): void;
}

const actionWords: Readonly<Record<PanelAction, string>> = {
  enter: "Enter",
  pause: "Pause",
  resume: "Resume",
  start: "Start",
  stop: "Stop",
};

/** Beside the words: a shape for each state, so that nothing hangs on its colour. */
const marks: Readonly<Record<PanelHeader["state"], string>> = {
  running: "●",
  paused: "‖",
  resting: "○",
  ended: "○",
};

export function makeHeader(post: Post): Header {
  const title = element("h1");
  const mark = element("span", { class: "mark", "aria-hidden": "true" });
  const state = element("span");
  const facts = element("span", { class: "dim" });
  const figures = element("span", { class: "dim figures" });
  const actions = element("span", { class: "actions" });
  const root = element(
    "header",
    {},
    title,
    element("span", { class: "state" }, mark, state),
    facts,
    actions,
    figures,
  );
  const cpu = cpuFigure();
  let shownActions = "";
  return {
    root,
    show: ({ subject, header, sample }) => {
      setText(title, subject.title);
      setAttribute(mark, "data-state", header?.state);
      setText(mark, header ? marks[header.state] : "");
      setText(state, header?.stateWords ?? subject.kind);
      setText(facts, headerFacts(header));
      setText(figures, joined(memoryFigure(sample), cpu(sample)));
      const wanted = header?.actions ?? [];
      if (wanted.join() === shownActions) return;
      shownActions = wanted.join();
      actions.replaceChildren(
        ...wanted.map((action) => button(actionWords[action], () => post({ type: "act", action }))),
      );
    },
  };
}

function headerFacts(header: PanelHeader | undefined): string {
  return joined(
    header?.pid === undefined ? undefined : `pid ${header.pid}`,
    header?.upMs === undefined ? undefined : `up ${durationWords(header.upMs)}`,
  );
}

function joined(...parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined).join(" · ");
}
