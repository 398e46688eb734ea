import { button, element, setAttribute, setText } from "../element.ts";
import { clockWords } from "./numbers.ts";

/** How much time is in sight. The words end "the last …". */
export const windows = [
  { ms: 60_000, label: "1 m", words: "minute" },
  { ms: 600_000, label: "10 m", words: "10 minutes" },
  { ms: 3_600_000, label: "1 h", words: "hour" },
] as const;

type TimeWindow = (typeof windows)[number];

export interface Toolbar {
  readonly root: HTMLElement;
  window(): TimeWindow;
  /** Of which instant the figures are; undefined: the newest. */
  showInstant(timeMs: number | undefined): void;
}

export interface ToolbarActions {
  choose(windowMs: number): void;
  hold(held: boolean): void;
  exportCsv(): void;
  exportPng(): void;
}

export function makeToolbar(windowMs: number, actions: ToolbarActions): Toolbar {
  let chosen: TimeWindow = windows.find(({ ms }) => ms === windowMs) ?? windows[0];
  let held = false;
  let instantMs: number | undefined;
  const choices = windows.map((choice) => {
    const made = button(choice.label, () => choose(choice), {
      "aria-label": `${choice.label}: the last ${choice.words}`,
    });
    return { choice, made };
  });
  const pause = button("Pause", () => hold(!held));
  const instant = element("span", { class: "instant dim" });
  const choiceGroup = element("span", { class: "choices", role: "group", "aria-label": "Time" });
  choiceGroup.append(...choices.map(({ made }) => made));
  const root = element(
    "div",
    { class: "usage-bar" },
    choiceGroup,
    pause,
    button("Export CSV…", () => actions.exportCsv()),
    button("Export PNG…", () => actions.exportPng()),
    instant,
  );
  mark();
  return {
    root,
    window: () => chosen,
    showInstant: (timeMs) => {
      instantMs = timeMs;
      mark();
    },
  };

  function choose(choice: TimeWindow): void {
    chosen = choice;
    mark();
    actions.choose(choice.ms);
  }

  function hold(next: boolean): void {
    held = next;
    mark();
    actions.hold(next);
  }

  function mark(): void {
    for (const { choice, made } of choices) {
      setAttribute(made, "aria-pressed", `${choice === chosen}`);
    }
    setText(pause, held ? "Resume" : "Pause");
    const now = held ? "paused" : "";
    setText(instant, instantMs === undefined ? now : `at ${clockWords(instantMs)}`);
  }
}
