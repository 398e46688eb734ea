import { element, setAttribute, setText } from "../element.ts";
import { type Chart, makeChart } from "./chart.ts";
import type { Slice } from "./columns.ts";
import { type FigureList, makeFigureList } from "./figures.ts";
import { type GraphName, graphFacts } from "./graphs.ts";
import { clockWords } from "./numbers.ts";
import type { UsageRecord } from "./record.ts";
import { makeSummary, type Summary } from "./summary.ts";
import type { Theme } from "./theme.ts";

/** What is in sight. */
export interface Picture {
  readonly record: UsageRecord;
  readonly slice: Slice;
  readonly fromMs: number;
  readonly toMs: number;
  /** `10 minutes` */
  readonly windowWords: string;
}

/** What all graphs share. */
export interface Surroundings {
  readonly theme: () => Theme;
  readonly hiddenKeys: Set<string>;
  /** The cursor of all graphs is on that row, or on none. */
  readonly onInstant: (timeMs: number | undefined) => void;
}

/** The parts that a graph has once it has lines. */
interface Body {
  readonly keys: string;
  readonly font: string;
  readonly chart: Chart;
  readonly figures: FigureList;
  readonly summary: Summary;
}

/** How far an arrow, and Page Up or Down, moves the cursor in the whole. */
const steps: Readonly<Record<string, (at: number, last: number) => number>> = {
  ArrowLeft: (at) => at - 1,
  ArrowRight: (at) => at + 1,
  PageUp: (at, last) => at - Math.ceil(last / 10),
  PageDown: (at, last) => at + Math.ceil(last / 10),
  Home: () => 0,
  End: (_at, last) => last,
};

/** Title, figures as text, the picture, and the table behind it. */
export class Graph {
  readonly root: HTMLElement;
  readonly name: GraphName;
  readonly #around: Surroundings;
  readonly #figures: HTMLElement;
  readonly #plot: HTMLElement;
  readonly #absence: HTMLElement;
  readonly #summary: HTMLElement;
  #body: Body | undefined;
  #picture: Picture | undefined;
  /** The row under the cursor; undefined: the newest. */
  #at: number | undefined;

  constructor(name: GraphName, around: Surroundings) {
    this.name = name;
    this.#around = around;
    const { title } = graphFacts[name];
    this.#figures = element("div");
    this.#absence = element("p", { class: "absence dim" });
    this.#summary = element("div", { class: "visually-hidden" });
    this.#plot = element("div", {
      class: "plot",
      role: "slider",
      tabindex: 0,
      "aria-label": `${title}: instant`,
      "aria-valuemin": 0,
    });
    this.#plot.addEventListener("keydown", (event) => this.#onKey(event));
    this.#plot.addEventListener("focus", () => this.#tell());
    this.root = element(
      "section",
      { class: "graph", "aria-label": title },
      element("div", { class: "graph-head" }, element("h2", {}, title), this.#figures),
      this.#plot,
      this.#absence,
      this.#summary,
    );
  }

  get canvas(): HTMLCanvasElement | undefined {
    return this.#body?.chart.canvas;
  }

  /** The figures at the cursor, or the newest. */
  get figureWords(): string {
    return this.#body?.figures.words() ?? "";
  }

  draw(picture: Picture): void {
    this.#picture = picture;
    const lines = picture.record.linesOf(this.name);
    const keys = lines.map(({ key }) => key).join();
    if (keys !== this.#body?.keys) this.#rebuild();
    const { last } = picture.record;
    const { absence } = graphFacts[this.name];
    setText(this.#absence, lines.length > 0 || !last ? "" : absence(last));
    setAttribute(this.#plot, "hidden", lines.length === 0);
    this.#body?.chart.draw(picture.slice, picture.fromMs, picture.toMs);
    this.#tell();
  }

  /** The table is for reading: it follows more slowly than the picture. */
  summarize(): void {
    if (this.#picture) this.#body?.summary.show(this.#picture.slice, this.#picture.windowWords);
  }

  resize(): void {
    this.#body?.chart.resize(this.#plot.clientWidth);
  }

  /** In the colours of now; with another size of the text everything has another size. */
  repaint(): void {
    if (this.#body && this.#body.font !== this.#around.theme().font) {
      this.#rebuild();
      if (this.#picture) this.draw(this.#picture);
    } else this.#body?.chart.repaint();
  }

  #rebuild(): void {
    const { name } = this;
    const { record } = this.#picture ?? {};
    const lines = record?.linesOf(name) ?? [];
    this.#body?.chart.dispose();
    this.#body = undefined;
    if (lines.length === 0) return;
    const { title } = graphFacts[name];
    const { hiddenKeys, theme } = this.#around;
    setAttribute(this.#plot, "hidden", undefined);
    const chart = makeChart(this.#plot, {
      fact: graphFacts[name],
      lines,
      hiddenKeys,
      theme,
      width: this.#plot.clientWidth,
      onInstant: (index) => this.#onInstant(index ?? undefined),
    });
    const figures = makeFigureList(title, lines, hiddenKeys, (key, shown) =>
      this.#toggle(key, shown),
    );
    const summary = makeSummary(title, lines);
    this.#figures.replaceChildren(figures.root);
    this.#summary.replaceChildren(summary.root);
    const keys = lines.map(({ key }) => key).join();
    this.#body = { keys, font: theme().font, chart, figures, summary };
  }

  #toggle(key: string, shown: boolean): void {
    if (shown) this.#around.hiddenKeys.delete(key);
    else this.#around.hiddenKeys.add(key);
    this.#body?.chart.show(key, shown);
  }

  #onInstant(index: number | undefined): void {
    this.#at = index;
    const time = index === undefined ? undefined : this.#picture?.slice.times[index];
    this.#around.onInstant(time);
    this.#tell();
  }

  #onKey(event: KeyboardEvent): void {
    const last = (this.#picture?.slice.times.length ?? 0) - 1;
    const step = steps[event.key];
    if (event.key === "Escape") this.#body?.chart.point(undefined);
    if (!step || last < 0) return;
    event.preventDefault();
    const wanted = step(this.#at ?? last, last);
    this.#body?.chart.point(Math.min(Math.max(wanted, 0), last));
  }

  /** The values at the cursor, or now, as text. */
  #tell(): void {
    const { slice } = this.#picture ?? {};
    if (!slice || !this.#body) return;
    const last = slice.times.length - 1;
    const row = Math.min(this.#at ?? last, last);
    this.#body.figures.show((key) => slice.of(key)[row] ?? Number.NaN);
    // Only for who is there: nobody else hears it.
    if (document.activeElement === this.#plot || !this.#plot.hasAttribute("aria-valuenow")) {
      this.#tellSlider(row, last, slice.times[row] ?? 0);
    }
  }

  #tellSlider(row: number, last: number, timeMs: number): void {
    setAttribute(this.#plot, "aria-valuemax", last);
    setAttribute(this.#plot, "aria-valuenow", row);
    const words = `${clockWords(timeMs)}: ${this.figureWords}`;
    setAttribute(this.#plot, "aria-valuetext", words);
  }
}
