import { setImmediate as nextTurn } from "node:timers/promises";

/** Requests wait that long at most for a slice of work to end. */
const sliceMs = 5;

/** Does something for each, and lets the helper answer in between. */
export async function inSlices<T>(items: Iterable<T>, work: (item: T) => void): Promise<void> {
  let started = performance.now();
  for (const item of items) {
    work(item);
    if (performance.now() - started < sliceMs) continue;
    await nextTurn();
    started = performance.now();
  }
}
