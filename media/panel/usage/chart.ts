import uPlot from "uplot";
import type { Slice } from "./columns.ts";
import type { GraphFact } from "./graphs.ts";
import { clockWords, figureWords, roundTop, scaleSteps } from "./numbers.ts";
import type { Line } from "./record.ts";
import type { Theme } from "./theme.ts";
import { AreaPen, traceLine } from "./trace.ts";

/** One canvas: uPlot's scales, axes and cursor, and lines that are drawn by trace.ts. */

/** A limit is within the picture where this part of it is used; far above, it would press the lines flat. */
const partOfBound = 0.1;
const headRoom = 1.05;
const areaOpacity = "18%";
/** In heights of the text. */
const plotLines = 11;
const axisLines = 5.2;

export interface Chart {
  /** Draws what the slice has, up to a time, with the lines that are given in the slice's keys. */
  draw(slice: Slice, fromMs: number, toMs: number): void;
  resize(width: number): void;
  /** Draws a line, or leaves it out. */
  show(key: string, shown: boolean): void;
  /** Redraws with what the theme's colours are now. */
  repaint(): void;
  /** Puts the cursor of all graphs on a row of the slice; undefined takes it away. */
  point(index: number | undefined): void;
  readonly canvas: HTMLCanvasElement;
  dispose(): void;
}

export interface ChartOptions {
  readonly fact: GraphFact;
  readonly lines: readonly Line[];
  readonly hiddenKeys: ReadonlySet<string>;
  readonly theme: () => Theme;
  readonly width: number;
  /** The row under the cursor, or null. */
  readonly onInstant: (index: number | null) => void;
}

export function makeChart(root: HTMLElement, options: ChartOptions): Chart {
  const { lines, theme } = options;
  let window = { min: 0, max: 1 };
  const height = () => Math.round(theme().fontPixels * plotLines);
  const plot = new uPlot(
    plotOptions(options, height(), () => window),
    [[], ...lines.map(() => [])],
    root,
  );
  return {
    canvas: plot.ctx.canvas,
    draw: (slice, fromMs, toMs) => {
      window = { min: fromMs, max: toMs };
      plot.setData([slice.times, ...lines.map(({ key }) => slice.of(key))]);
    },
    resize: (width) => {
      if (width > 0 && (width !== plot.width || height() !== plot.height)) {
        plot.setSize({ width, height: height() });
      }
    },
    show: (key, shown) => {
      plot.setSeries(lines.findIndex((line) => line.key === key) + 1, { show: shown });
    },
    repaint: () => plot.redraw(false, true),
    point: (index) => pointAt(plot, index),
    dispose: () => plot.destroy(),
  };
}

const syncKey = "usage";

function plotOptions(
  options: ChartOptions,
  height: number,
  window: () => { readonly min: number; readonly max: number },
): uPlot.Options {
  const { fact, lines, hiddenKeys, theme, width, onInstant } = options;
  return {
    width,
    height,
    ms: 1,
    legend: { show: false },
    // At the right, room for half of the last time, where no scale stands.
    padding: [theme().fontPixels / 2, hasShare(lines) ? 0 : theme().fontPixels * 2.2, 0, 0],
    cursor: {
      y: false,
      points: { show: false },
      drag: { x: false, y: false },
      dataIdx: (_plot, _series, index) => index,
      sync: { key: syncKey },
    },
    scales: {
      x: { time: true, range: () => [window().min, window().max] },
      y: { range: (plot) => scaleRange(plot, options) },
      share: { range: [0, 100] },
    },
    axes: axes(),
    series: [{}, ...lines.map((line) => series(line, !hiddenKeys.has(line.key), theme))],
    hooks: { setCursor: [({ cursor }) => onInstant(cursor.idx ?? null)] },
  };

  function axes(): uPlot.Axis[] {
    const words = (unit: GraphFact["unit"]) => (_plot: uPlot, splits: number[]) =>
      splits.map((split) => figureWords(split, unit));
    return [
      {
        ...axis(theme),
        size: theme().fontPixels * 2.4,
        space: theme().fontPixels * 7,
        values: (_plot, splits) => splits.map((split) => clockWords(wholeSecond(split))),
      },
      { ...axis(theme), ...sides(theme), incrs: scaleSteps(fact.unit), values: words(fact.unit) },
      {
        ...axis(theme),
        ...sides(theme),
        show: hasShare(lines),
        scale: "share",
        side: 1,
        splits: [0, 50, 100],
        values: words("percent"),
        grid: { show: false },
      },
    ];
  }
}

function hasShare(lines: readonly Line[]): boolean {
  return lines.some(({ style }) => style.share);
}

/** uPlot's places for times are off by parts of a millisecond, which would make 29 of 30. */
function wholeSecond(timeMs: number): number {
  return Math.round(timeMs / 1000) * 1000;
}

function axis(theme: () => Theme): uPlot.Axis {
  const line = { stroke: () => theme().colour("lines"), width: 0.5 };
  return {
    stroke: () => theme().colour("foreground"),
    font: theme().font,
    gap: 4,
    grid: line,
    ticks: { ...line, size: 4 },
  };
}

function sides(theme: () => Theme): uPlot.Axis {
  return { size: theme().fontPixels * axisLines, space: theme().fontPixels * 2.2 };
}

function series({ style, label }: Line, show: boolean, theme: () => Theme): uPlot.Series {
  const colour = () => theme().colour(style.colour);
  return {
    label,
    show,
    scale: style.share ? "share" : "y",
    // scaleRange looks for itself: uPlot knows nulls only, and a column's first NaN would be its maximum.
    auto: false,
    stroke: colour,
    width: style.bound ? 1 : 1.5,
    ...(style.dash && { dash: [...style.dash] }),
    ...(style.filled && {
      fill: () => `color-mix(in srgb, ${colour()} ${areaOpacity}, transparent)`,
    }),
    points: { show: false },
    paths: linePaths,
  };
}

/** From 0 to a round number above all lines, and above the limit where it is near. */
function scaleRange(plot: uPlot, { fact, lines }: ChartOptions): uPlot.Range.MinMax {
  const highestOf = (bound: boolean) =>
    lines.map(({ style }, place) => {
      const { show } = plot.series[place + 1] ?? {};
      return show && !style.share && (style.bound ?? false) === bound
        ? highest(plot.data[place + 1] ?? [])
        : 0;
    });
  const used = Math.max(fact.leastTop, ...highestOf(false));
  const near = highestOf(true).filter((bound) => used >= bound * partOfBound);
  return [0, roundTop(Math.max(used, ...near) * headRoom, fact.unit)];
}

function highest(column: ArrayLike<number | null | undefined>): number {
  let found = 0;
  for (let index = 0; index < column.length; index++) {
    const value = column[index] ?? 0;
    if (value > found) found = value;
  }
  return found;
}

/** What uPlot asks of whoever draws a line: paths in the canvas's own pixels. */
const linePaths: uPlot.Series.PathBuilder = (plot, place, first, last) => {
  const { scale = "y", fill } = plot.series[place] ?? {};
  const points = {
    times: plot.data[0],
    // Always our columns; uPlot's own type allows lists with nulls.
    values: plot.data[place] as ArrayLike<number>,
    first,
    last,
    ...mapping(plot, scale),
  };
  const stroke = new Path2D();
  traceLine(stroke, points);
  if (!fill) return { stroke };
  const area = new Path2D();
  const pen = new AreaPen(area, points.toY(0));
  traceLine(pen, points);
  pen.close();
  return { stroke, fill: area };
};

/** Linear scales, with the divisions done once and not for each point. */
function mapping(plot: uPlot, scale: string) {
  const { left, top, width, height } = plot.bbox;
  const { min: fromX = 0, max: tillX = 1 } = plot.scales["x"] ?? {};
  const { min: fromY = 0, max: tillY = 1 } = plot.scales[scale] ?? {};
  const perX = width / (tillX - fromX);
  const perY = height / (tillY - fromY);
  return {
    toX: (time: number) => left + (time - fromX) * perX,
    toY: (value: number) => top + height - (value - fromY) * perY,
  };
}

const nowhere = { left: -10, top: -10 };

function pointAt(plot: uPlot, index: number | undefined): void {
  const time = index === undefined ? undefined : plot.data[0][index];
  const at = time === undefined ? nowhere : { left: plot.valToPos(time, "x"), top: 0 };
  for (const each of uPlot.sync(syncKey).plots) each.setCursor(at);
}
