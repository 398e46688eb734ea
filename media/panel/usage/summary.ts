import { usageFigures } from "../../../helper/protocol/usageFigures.ts";
import { element, setText } from "../element.ts";
import type { Slice } from "./columns.ts";
import { figureWords } from "./numbers.ts";
import type { Line } from "./record.ts";

/** What the picture shows, as a table for those who do not see it. */
export interface Summary {
  readonly root: HTMLElement;
  show(slice: Slice, windowWords: string): void;
}

export function makeSummary(title: string, lines: readonly Line[]): Summary {
  const caption = element("caption");
  const head = element("tr", {}, ...["Figure", "Now", "Lowest", "Highest"].map(columnHead));
  const rows = lines.map((line) => {
    const cells = [element("td"), element("td"), element("td")] as const;
    const row = element("tr", {}, element("th", { scope: "row" }, line.label), ...cells);
    return { line, cells, row };
  });
  const root = element(
    "table",
    { class: "summary" },
    caption,
    element("thead", {}, head),
    element("tbody", {}, ...rows.map(({ row }) => row)),
  );
  return {
    root,
    show: (slice, windowWords) => {
      setText(caption, `${title}, the last ${windowWords}`);
      for (const { line, cells } of rows) {
        const words = extremes(slice.of(line.key)).map((value) =>
          figureWords(value, usageFigures[line.figure].unit),
        );
        for (const [place, cell] of cells.entries()) setText(cell, words[place] ?? "");
      }
    },
  };
}

function columnHead(words: string): HTMLElement {
  return element("th", { scope: "col" }, words);
}

/** The last figure, the lowest and the highest; NaN where there is none. */
export function extremes(column: Float64Array): readonly [number, number, number] {
  let lowest = Number.NaN;
  let highest = Number.NaN;
  for (const value of column) {
    if (!(value >= lowest)) lowest = Number.isNaN(value) ? lowest : value;
    if (!(value <= highest)) highest = Number.isNaN(value) ? highest : value;
  }
  return [column.at(-1) ?? Number.NaN, lowest, highest];
}
