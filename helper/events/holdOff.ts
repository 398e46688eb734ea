/** A limit that is met may be met a thousand times a second: the first is told at once, the rest together. */
const holdOffMs = 30_000;

/** Turns a counter that rises into events that do not flood. */
export class HoldOff {
  #last: number | undefined;
  #waiting = 0;
  #toldAtMs = Number.NEGATIVE_INFINITY;

  /** How many to tell of now; 0: nothing, or not yet. */
  next(atMs: number, counted: number | undefined): number {
    if (counted === undefined) return 0;
    this.#waiting += rise(this.#last ?? counted, counted);
    this.#last = counted;
    if (this.#waiting === 0 || atMs - this.#toldAtMs < holdOffMs) return 0;
    const count = this.#waiting;
    this.#waiting = 0;
    this.#toldAtMs = atMs;
    return count;
  }

  /** What is counted from here on is new. */
  begin(counted: number): void {
    this.#last = counted;
  }
}

/** A counter that fell is another one: its cgroup was made again. */
export function rise(before: number, now: number): number {
  return now >= before ? now - before : now;
}
