/** Rows of the columns: views into them, not copies. What they show does not change. */
export interface Slice {
  /** Milliseconds since 1970, ascending. */
  readonly times: Float64Array;
  of(key: string): Float64Array;
}

/**
 * Figures over time: a column of numbers for each key beside that of the times. NaN is no figure. A column is
 * twice as long as what it keeps, so that a row is one store per column, and the newest rows lie in one piece.
 */
export class Columns {
  readonly #kept: number;
  readonly #columns = new Map<string, Float64Array>();
  #times: Float64Array;
  #end = 0;

  constructor(kept: number) {
    this.#kept = kept;
    this.#times = new Float64Array(2 * kept);
  }

  /** When the last row was taken; -Infinity when there is none. */
  get lastTime(): number {
    return this.#end === 0 ? Number.NEGATIVE_INFINITY : (this.#times[this.#end - 1] ?? Number.NaN);
  }

  /** Adds a row; its time is later than the last one's. What `figures` does not name has none. */
  append(timeMs: number, figures: ReadonlyMap<string, number>): void {
    if (this.#end === 2 * this.#kept) this.#slide();
    for (const key of figures.keys()) this.#column(key);
    this.#times[this.#end] = timeMs;
    for (const [key, column] of this.#columns) column[this.#end] = figures.get(key) ?? Number.NaN;
    this.#end += 1;
  }

  clear(): void {
    this.#columns.clear();
    this.#end = 0;
  }

  /** The rows of that time, and the one before them: its line enters from the left. */
  between(fromMs: number, toMs: number): Slice {
    const begin = Math.max(0, this.#end - this.#kept, this.#firstAt(fromMs) - 1);
    const end = this.#firstAt(toMs + 1);
    return {
      times: this.#times.subarray(begin, end),
      of: (key) => this.#column(key).subarray(begin, end),
    };
  }

  #column(key: string): Float64Array {
    const known = this.#columns.get(key);
    if (known) return known;
    const made = new Float64Array(2 * this.#kept).fill(Number.NaN);
    this.#columns.set(key, made);
    return made;
  }

  /** Into new columns: a view of the old ones may still be drawn. */
  #slide(): void {
    this.#times = this.#newestOf(this.#times);
    for (const [key, column] of this.#columns) this.#columns.set(key, this.#newestOf(column));
    this.#end = this.#kept;
  }

  #newestOf(column: Float64Array): Float64Array {
    const made = new Float64Array(2 * this.#kept).fill(Number.NaN);
    made.set(column.subarray(this.#kept));
    return made;
  }

  /** The first row at that time or later, by halves. */
  #firstAt(timeMs: number): number {
    let low = 0;
    let high = this.#end;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#times[middle] ?? 0) < timeMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
