import assert from "node:assert/strict";
import { test } from "node:test";
import { paceRequests } from "../../helper/server/pace.ts";

/** A flow that remembers whether it is held back. */
function flow() {
  let held = false;
  return {
    pause: () => {
      held = true;
    },
    resume: () => {
      held = false;
    },
    isHeld: () => held,
  };
}

test("so many requests are worked on at once, in their order, and no more is read meanwhile", async () => {
  const stream = flow();
  const inTurn = paceRequests(stream, 2);
  const begun: number[] = [];
  const endings: (() => void)[] = [];
  const work = [0, 1, 2, 3].map((number) =>
    inTurn(() => {
      begun.push(number);
      return new Promise<number>((resolve) => endings.push(() => resolve(number)));
    }),
  );
  const settle = () => new Promise(setImmediate);
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
  const inTurn = paceRequests(flow(), 1);
  const failed = inTurn(() => Promise.reject(new Error("no")));
  const next = inTurn(async () => "yes");
  await assert.rejects(failed, /no/);
  assert.equal(await next, "yes");
});
