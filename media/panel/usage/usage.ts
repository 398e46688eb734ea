import type { PanelSnapshot } from "../../../helper/protocol/panel.ts";
import { keep, kept } from "../editor.ts";
import { element, setText } from "../element.ts";
import type { Post, Tab } from "../tab.ts";
import { csvOf } from "./csv.ts";
import { Graph, type Picture } from "./graph.ts";
import { graphNames } from "./graphs.ts";
import { pngOf } from "./png.ts";
import { UsageRecord } from "./record.ts";
import { onThemeChange, readTheme, type Theme } from "./theme.ts";
import { makeToolbar, type Toolbar, windows } from "./toolbar.ts";

/** Live graphs of what the subject uses. It draws when a sample comes, and does nothing in between. */

const stateKey = "usage";
/** A table that is being read does not change with every sample. */
const summaryEveryMs = 5_000;

const record = new UsageRecord();
let theme: Theme;
let history: PanelSnapshot["history"];
let view: View | undefined;
let isShown = false;

interface View {
  readonly graphs: readonly Graph[];
  readonly toolbar: Toolbar;
  readonly waiting: HTMLElement;
  /** The end of what is shown, while it is held. */
  heldAtMs: number | undefined;
  summarizedAtMs: number;
}

export const usageTab: Tab = {
  mount: (root, post) => {
    view = mount(root, post);
  },
  show: (snapshot) => {
    const isNews = take(snapshot);
    if (isShown && (!isNews || view?.heldAtMs !== undefined)) return;
    isShown = true;
    draw();
  },
  hidden: () => {
    isShown = false;
  },
};

/** True where the snapshot has figures that were not known. */
function take(snapshot: PanelSnapshot): boolean {
  const { last } = record;
  const isAnother = snapshot.history !== history;
  if (isAnother) record.restart(snapshot.history ?? []);
  history = snapshot.history;
  if (snapshot.sample) record.add(snapshot.sample);
  return isAnother || record.last !== last;
}

function mount(root: HTMLElement, post: Post): View {
  theme = readTheme();
  const hiddenKeys = new Set<string>();
  const onInstant = (timeMs: number | undefined) => view?.toolbar.showInstant(timeMs);
  const graphs = graphNames.map(
    (name) => new Graph(name, { theme: () => theme, hiddenKeys, onInstant }),
  );
  const toolbar = makeToolbar(keptWindow(), {
    choose: (windowMs) => {
      keep(stateKey, windowMs);
      draw();
    },
    hold: (held) => {
      if (view) view.heldAtMs = held ? record.last?.atMs : undefined;
      draw();
    },
    exportCsv: () => {
      const picture = pictureNow();
      if (picture) post({ type: "export", format: "csv", content: csvOf(record, picture.slice) });
    },
    exportPng: () => post({ type: "export", format: "png", content: pngOf(graphs, theme) }),
  });
  const waiting = element("p", { class: "dim" });
  const grid = element("div", { class: "graphs" }, ...graphs.map((graph) => graph.root));
  root.append(toolbar.root, waiting, grid);
  new ResizeObserver(() => eachGraph((graph) => graph.resize())).observe(grid);
  onThemeChange(() => {
    theme = readTheme();
    eachGraph((graph) => graph.repaint());
  });
  return { graphs, toolbar, waiting, heldAtMs: undefined, summarizedAtMs: 0 };
}

function keptWindow(): number {
  const chosen = kept(stateKey);
  return windows.find(({ ms }) => ms === chosen)?.ms ?? windows[0].ms;
}

function eachGraph(act: (graph: Graph) => void): void {
  if (isShown) view?.graphs.forEach(act);
}

function pictureNow(): Picture | undefined {
  const toMs = view?.heldAtMs ?? record.last?.atMs;
  if (!view || toMs === undefined) return undefined;
  const { ms, words } = view.toolbar.window();
  const fromMs = toMs - ms;
  return { record, slice: record.between(fromMs, toMs), fromMs, toMs, windowWords: words };
}

function draw(): void {
  const picture = pictureNow();
  if (!isShown || !view) return;
  setText(view.waiting, picture ? "" : "No figures yet: they come while it runs.");
  if (!picture) return;
  for (const graph of view.graphs) graph.draw(picture);
  if (Math.abs(picture.toMs - view.summarizedAtMs) < summaryEveryMs) return;
  view.summarizedAtMs = picture.toMs;
  for (const graph of view.graphs) graph.summarize();
}
