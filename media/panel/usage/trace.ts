/** What a line is drawn with; Path2D is one. */
export interface Pen {
  moveTo(x: number, y: number): void;
  lineTo(x: number, y: number): void;
}

export interface Points {
  readonly times: ArrayLike<number>;
  readonly values: ArrayLike<number>;
  readonly first: number;
  readonly last: number;
  readonly toX: (time: number) => number;
  readonly toY: (value: number) => number;
}

/** Of a point that stands alone between two gaps: without width it would not be seen. */
const dotPixels = 2;

/**
 * A line through the points, broken where there is none (NaN): a gap is never bridged. Of points that fall on
 * one column of pixels only the first, lowest, highest and last are drawn: an hour costs what its width costs.
 */
export function traceLine(pen: Pen, points: Points): void {
  let index = points.first;
  while (index <= points.last) {
    index = isGap(points, index) ? index + 1 : traceStretch(pen, points, index);
  }
}

function isGap({ values }: Points, index: number): boolean {
  return Number.isNaN(values[index]);
}

/** From a point up to the next gap; gives where it stopped. */
function traceStretch(pen: Pen, points: Points, begin: number): number {
  let index = begin;
  while (index <= points.last && !isGap(points, index)) {
    index = traceColumn(pen, points, index, index === begin);
  }
  if (index === begin + 1) {
    const { times, values, toX, toY } = points;
    pen.lineTo(Math.round(toX(times[begin] ?? 0)) + dotPixels, toY(values[begin] ?? 0));
  }
  return index;
}

/** All points of one column of pixels; gives the first that is in another, or no point. */
function traceColumn(pen: Pen, points: Points, begin: number, isFirst: boolean): number {
  const { times, values, last, toX, toY } = points;
  const x = Math.round(toX(times[begin] ?? 0));
  let lowest = values[begin] ?? 0;
  let highest = lowest;
  let index = begin + 1;
  while (index <= last && !isGap(points, index) && Math.round(toX(times[index] ?? 0)) === x) {
    const value = values[index] ?? 0;
    if (value < lowest) lowest = value;
    if (value > highest) highest = value;
    index += 1;
  }
  const entry = toY(values[begin] ?? 0);
  if (isFirst) pen.moveTo(x, entry);
  else pen.lineTo(x, entry);
  if (index > begin + 1) {
    for (const value of [lowest, highest, values[index - 1] ?? 0]) pen.lineTo(x, toY(value));
  }
  return index;
}

/** Closes each stretch of a line down to the base, as an area. */
export class AreaPen implements Pen {
  readonly #pen: Pen;
  readonly #base: number;
  #firstX: number | undefined;
  #lastX = 0;

  constructor(pen: Pen, base: number) {
    this.#pen = pen;
    this.#base = base;
  }

  moveTo(x: number, y: number): void {
    this.close();
    this.#firstX = x;
    this.#lastX = x;
    this.#pen.moveTo(x, this.#base);
    this.#pen.lineTo(x, y);
  }

  lineTo(x: number, y: number): void {
    this.#lastX = x;
    this.#pen.lineTo(x, y);
  }

  close(): void {
    if (this.#firstX !== undefined) this.#pen.lineTo(this.#lastX, this.#base);
    this.#firstX = undefined;
  }
}
