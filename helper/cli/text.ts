import { printable } from "../protocol/printable.ts";
import { cellsOf, cutCells, padEndCells, padStartCells } from "./width.ts";

/** Text for people: aligned columns, coarse durations. */

export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => string | number | undefined;
  readonly right?: boolean;
  /** A row is known without all of it: in a narrow terminal its end gives way. */
  readonly cut?: boolean;
}

const gap = "  ";
/** What is cut further says nothing. */
const leastCells = 12;

/**
 * Rows under titles, two spaces between columns, as `docker ps` and `lsns` have it. In a line of so many cells, as far
 * as the columns that may be cut give way.
 */
export function formatTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  room = Number.POSITIVE_INFINITY,
): string {
  const widths = fittingWidths(columns, rows, room);
  const pad = (text: string, index: number) => {
    const width = widths[index] ?? 0;
    const { right, cut } = columns[index] ?? {};
    return (right ? padStartCells : padEndCells)(cut ? cutCells(text, width) : text, width);
  };
  return [
    columns.map(({ title }) => title),
    ...rows.map((row) => columns.map((column) => cell(column, row))),
  ]
    .map((line) => line.map(pad).join(gap).trimEnd())
    .join("\n");
}

/** The first columns, as many as have room in a line of so many cells; one at least. */
export function fittingColumns<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  room = Number.POSITIVE_INFINITY,
): readonly Column<Row>[] {
  let end = -gap.length;
  const ends = columns.map((column) => {
    end += gap.length + widthOf(column, rows);
    return end;
  });
  return columns.filter((_column, index) => index === 0 || (ends[index] ?? 0) <= room);
}

/** One cell after the other is taken from the widest of those that may be cut. */
function fittingWidths<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  room: number,
): readonly number[] {
  const widths = columns.map((column) => widthOf(column, rows));
  const spare = (index: number) =>
    columns[index]?.cut ? (widths[index] ?? 0) - leastCells : Number.NEGATIVE_INFINITY;
  const total = widths.reduce((sum, width) => sum + width, gap.length * (columns.length - 1));
  for (let excess = total - room; excess > 0; excess--) {
    const widest = columns.reduce((best, _, at) => (spare(at) > spare(best) ? at : best), 0);
    if (spare(widest) <= 0) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  return widths;
}

function widthOf<Row>(column: Column<Row>, rows: readonly Row[]): number {
  return rows.reduce(
    (most, row) => Math.max(most, cellsOf(cell(column, row))),
    column.title.length,
  );
}

function cell<Row>({ value }: Column<Row>, row: Row): string {
  return printable(`${value(row) ?? "-"}`);
}

/** `key   value` lines. */
export function formatFacts(
  facts: readonly (readonly [string, string | number | undefined])[],
): string {
  const present = facts.filter(([, value]) => value !== undefined && value !== "");
  const width = Math.max(...present.map(([key]) => key.length));
  return present.map(([key, value]) => `${key.padEnd(width)}  ${printable(`${value}`)}`).join("\n");
}

/** Seconds, minutes, hours, days: coarse, so that it does not flicker. */
export function formatAge(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const steps = [
    [86_400, "d"],
    [3_600, "h"],
    [60, "m"],
  ] as const;
  const step = steps.find(([length]) => seconds >= length);
  return step ? `${Math.floor(seconds / step[0])} ${step[1]}` : `${seconds} s`;
}
