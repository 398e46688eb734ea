import type { PanelMessage, PanelSnapshot, PanelTab } from "../../helper/protocol/panel.ts";
import { lastTab, post, remember } from "./editor.ts";
import { element, setText } from "./element.ts";
import { eventsTab } from "./events/events.ts";
import { makeHeader } from "./header.ts";
import { isolationTab } from "./isolation/isolation.ts";
import { limitsTab } from "./limits/limits.ts";
import { mountsTab } from "./mounts/mounts.ts";
import { namespacesTab } from "./namespaces/namespaces.ts";
import { processesTab } from "./processes/processes.ts";
import type { Tab } from "./tab.ts";
import { makeTabList, tabId, tabPanelId } from "./tabs.ts";
import { usageTab } from "./usage/usage.ts";

const tabs: Readonly<Record<PanelTab, Tab>> = {
  usage: usageTab,
  limits: limitsTab,
  processes: processesTab,
  namespaces: namespacesTab,
  mounts: mountsTab,
  isolation: isolationTab,
  events: eventsTab,
};

const titles: Readonly<Record<PanelTab, string>> = {
  usage: "Usage",
  limits: "Limits",
  processes: "Processes",
  namespaces: "Namespaces",
  mounts: "Mounts",
  isolation: "Isolation",
  events: "Events",
};

/** The page: header, row of tabs, and the one tab that is in sight. */
function openPage(): void {
  const header = makeHeader(post);
  const problem = element("p", { class: "problem", role: "status" });
  const tabList = makeTabList(titles, (tab) => turnTo(tab, "told the editor"));
  const body = element("div", { class: "body" });
  const roots = new Map<PanelTab, HTMLElement>();
  let chosen = lastTab() ?? "usage";
  let snapshot: PanelSnapshot | undefined;
  let history: PanelSnapshot["history"];
  let sample: PanelSnapshot["sample"];

  document.body.append(header.root, element("main", {}, tabList.root, problem, body));
  window.addEventListener("message", ({ data }: MessageEvent<PanelMessage>) => {
    if (data.type === "tab") turnTo(data.tab);
    else if (data.type === "snapshot") take({ ...data.snapshot, history, sample });
    else takeUsage(data);
  });
  post({ type: "ready", tab: chosen });

  function take(next: PanelSnapshot): void {
    snapshot = next;
    remember(next.subject, chosen);
    header.show(next);
    setText(problem, next.problem ?? "");
    draw();
  }

  function takeUsage(usage: Pick<PanelSnapshot, "history" | "sample">): void {
    history = usage.history ?? history;
    sample = usage.sample ?? sample;
    if (!snapshot) return;
    snapshot = { ...snapshot, history, sample };
    header.show(snapshot);
    tabs[chosen].show(snapshot);
  }

  function turnTo(tab: PanelTab, told?: "told the editor"): void {
    if (tab === chosen) return;
    tabs[chosen].hidden();
    chosen = tab;
    if (told) post({ type: "show", tab });
    if (snapshot) remember(snapshot.subject, tab);
    draw();
  }

  function draw(): void {
    if (!snapshot) return;
    tabList.show(snapshot.tabs, chosen);
    const root = roots.get(chosen) ?? mount(chosen);
    if (body.firstChild !== root) body.replaceChildren(root);
    tabs[chosen].show(snapshot);
  }

  function mount(tab: PanelTab): HTMLElement {
    const attributes = { role: "tabpanel", id: tabPanelId(tab), "aria-labelledby": tabId(tab) };
    const root = element("section", { ...attributes, tabindex: 0 });
    tabs[tab].mount(root, post);
    roots.set(tab, root);
    return root;
  }
}

openPage();
