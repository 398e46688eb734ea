import { setImmediate as nextTurn } from "node:timers/promises";

/**
 * Work that may rest at each `yield`: one stands after each piece of some 0.1 ms at most, which is a file that was
 * read, or a hundred rows that were made.
 */
export type Steps<T> = Generator<void, T, void>;

/** Requests wait that long at most for a slice of work to end, and for two or three slices before they are answered. */
const sliceMs = 2;

/** Lets the helper answer in between. */
export async function inTurns<T>(steps: Steps<T>): Promise<T> {
  let startedMs = performance.now();
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    if (performance.now() - startedMs < sliceMs) continue;
    await rest();
    startedMs = performance.now();
  }
}

/** Of one connection a message is taken a turn: who sends many would else wait for a slice before each of them. */
const mostTurns = 16;

let requests = 0;

/** Somebody asks for something: work in slices stands back for as long as others go on asking, or nearly so. */
export function standBack(): void {
  requests += 1;
}

async function rest(): Promise<void> {
  for (let turn = 0, before = -1; turn < mostTurns && before !== requests; turn += 1) {
    before = requests;
    await nextTurn();
  }
}

/** For who waits for nothing else. */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** Does something for each, and lets the helper answer in between. */
export function inSlices<T>(items: Iterable<T>, work: (item: T) => void): Promise<void> {
  return inTurns(eachOf(items, work));
}

function* eachOf<T>(items: Iterable<T>, work: (item: T) => void): Steps<void> {
  for (const item of items) {
    work(item);
    yield;
  }
}

const rowsAStep = 64;

/** A row for each, where making one may read a file. */
export function* mapped<From, To>(items: readonly From[], make: (item: From) => To): Steps<To[]> {
  const made: To[] = [];
  for (const item of items) {
    made.push(make(item));
    if (made.length % rowsAStep === 0) yield;
  }
  return made;
}
