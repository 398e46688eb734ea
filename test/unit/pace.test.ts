import assert from "node:assert/strict";
import { test } from "node:test";
import { type Hold, openHold } from "../../helper/server/hold.ts";
import { paceRequests } from "../../helper/server/pace.ts";

/** A flow that remembers whether it is held back. */
function flow(): { readonly hold: Hold; isHeld(): boolean } {
  let isHeld = false;
  const set = (held: boolean) => () => {
    isHeld = held;
  };
  return { hold: openHold({ pause: set(true), resume: set(false) }), isHeld: () => isHeld };
}

const settle = () => new Promise(setImmediate);
const atOnce = () => Promise.resolve();

test("so many requests are worked on at once, in their order, and no more is read meanwhile", async () => {
  const stream = flow();
  const inTurn = paceRequests(stream.hold, atOnce, 2);
  const begun: number[] = [];
  const endings: (() => void)[] = [];
  const work = [0, 1, 2, 3].map((number) =>
    inTurn(() => {
      begun.push(number);
      return new Promise<number>((resolve) => endings.push(() => resolve(number)));
    }),
  );
  await settle();
  assert.deepEqual([begun, stream.isHeld()], [[0, 1], true]);
  endings[1]?.();
  await settle();
  assert.deepEqual([begun, stream.isHeld()], [[0, 1, 2], true]);
  endings[0]?.();
  await settle();
  assert.deepEqual([begun, stream.isHeld()], [[0, 1, 2, 3], false]);
  for (const end of endings) end();
  assert.deepEqual(await Promise.all(work), [0, 1, 2, 3]);
});

test("work that fails gives up its place like any other", async () => {
  const inTurn = paceRequests(flow().hold, atOnce, 1);
  const failed = inTurn(() => Promise.reject(new Error("no")));
  const next = inTurn(async () => "yes");
  await assert.rejects(failed, /no/);
  assert.equal(await next, "yes");
});

test("work whose answer nobody has taken keeps its place", async () => {
  let take: (() => void) | undefined;
  const taken = () =>
    new Promise<void>((resolve) => {
      take = resolve;
    });
  const inTurn = paceRequests(flow().hold, taken, 1);
  assert.equal(await inTurn(async () => "one"), "one");
  let isBegun = false;
  const next = inTurn(async () => {
    isBegun = true;
  });
  await settle();
  assert.equal(isBegun, false);
  take?.();
  await next;
});

test("a stream that is held back for two reasons waits for both", async () => {
  const stream = flow();
  let end: (() => void) | undefined;
  stream.hold(Promise.reject(new Error("the first is over")));
  stream.hold(
    new Promise<void>((resolve) => {
      end = resolve;
    }),
  );
  await settle();
  assert.equal(stream.isHeld(), true);
  end?.();
  await settle();
  assert.equal(stream.isHeld(), false);
});
