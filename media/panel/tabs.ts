import type { PanelTab } from "../../helper/protocol/panel.ts";
import { element, setAttribute } from "./element.ts";

/** The row of tabs, as the ARIA Authoring Practices have it: one stop for Tab, arrows from one to the next. */
export interface TabList {
  readonly root: HTMLElement;
  /** Which there are, and which is chosen. */
  show(tabs: readonly PanelTab[], chosen: PanelTab): void;
}

/** Where an arrow leads, from a place in a row of so many; the row is a ring. */
const moves: Readonly<Record<string, (at: number, count: number) => number>> = {
  ArrowRight: (at, count) => (at + 1) % count,
  ArrowLeft: (at, count) => (at + count - 1) % count,
  Home: () => 0,
  End: (_at, count) => count - 1,
};

export function tabId(tab: PanelTab): string {
  return `tab-${tab}`;
}

export function tabPanelId(tab: PanelTab): string {
  return `panel-${tab}`;
}

export function makeTabList(
  titles: Readonly<Record<PanelTab, string>>,
  choose: (tab: PanelTab) => void,
): TabList {
  const root = element("div", { role: "tablist", class: "tabs", "aria-label": "Views" });
  let shown: readonly PanelTab[] = [];
  const buttons = new Map<PanelTab, HTMLButtonElement>();

  const onKey = (tab: PanelTab, event: KeyboardEvent) => {
    const next = shown[moves[event.key]?.(shown.indexOf(tab), shown.length) ?? -1];
    if (next === undefined) return;
    event.preventDefault();
    choose(next);
    buttons.get(next)?.focus();
  };
  const makeButton = (tab: PanelTab) => {
    const attributes = {
      role: "tab",
      type: "button",
      id: tabId(tab),
      "aria-controls": tabPanelId(tab),
    };
    const made = element("button", attributes, titles[tab]);
    made.addEventListener("click", () => choose(tab));
    made.addEventListener("keydown", (event) => onKey(tab, event));
    buttons.set(tab, made);
    return made;
  };
  return {
    root,
    show: (tabs, chosen) => {
      if (tabs.join() !== shown.join()) {
        shown = tabs;
        buttons.clear();
        root.replaceChildren(...tabs.map(makeButton));
      }
      for (const [tab, made] of buttons) {
        setAttribute(made, "aria-selected", `${tab === chosen}`);
        setAttribute(made, "tabindex", tab === chosen ? 0 : -1);
      }
    },
  };
}
