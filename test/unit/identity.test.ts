import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { TerrariumError } from "../../helper/protocol/errors.ts";
import { needsIdRange, planIdentity } from "../../helper/sandboxes/identity/identity.ts";
import { chooseIdRange, idRangeSize, idsInUse } from "../../helper/sandboxes/identity/idRange.ts";

const first = 0x8_0000;
const last = 0x6fff_0000;
const nobodys: ReadonlySet<number> = new Set();

describe("a sandbox's range of ids", () => {
  test("is the first block of systemd's container range that is free", () => {
    assert.equal(chooseIdRange(nobodys, []), first);
  });

  test("skips the ranges of other sandboxes", () => {
    const taken = new Set([first, first + idRangeSize, first + 3 * idRangeSize]);
    assert.equal(chooseIdRange(taken, []), first + 2 * idRangeSize);
  });

  test("skips a block that a subordinate range touches by a single id, at either end", () => {
    for (const range of [
      { start: first, count: 1 },
      { start: first + idRangeSize - 1, count: 1 },
      { start: first - 10, count: 11 },
      { start: 0, count: first + 1 },
    ]) {
      assert.equal(chooseIdRange(nobodys, [range]), first + idRangeSize, JSON.stringify(range));
    }
  });

  test("takes a block that a range only borders on", () => {
    const before = { start: first - 10, count: 10 };
    const after = { start: first + idRangeSize, count: 10 };
    assert.equal(chooseIdRange(nobodys, [before, after]), first);
  });

  test("is the one that the sandbox had before, unless it is somebody's by now", () => {
    const before = first + 5 * idRangeSize;
    assert.equal(chooseIdRange(nobodys, [], before), before);
    assert.equal(chooseIdRange(new Set([before]), [], before), first);
    assert.equal(chooseIdRange(nobodys, [{ start: before + 7, count: 1 }], before), first);
  });

  test("never meets what is in use, whatever is", () => {
    const range = fc.record({
      start: fc.nat({ max: first + 20 * idRangeSize }),
      count: fc.integer({ min: 1, max: 3 * idRangeSize }),
    });
    fc.assert(
      fc.property(fc.array(range, { maxLength: 10 }), (inUse) => {
        const base = chooseIdRange(nobodys, inUse);
        assert.equal(base % idRangeSize, 0);
        for (const { start, count } of inUse) {
          assert.ok(start >= base + idRangeSize || start + count <= base);
        }
      }),
    );
  });

  test("is refused with a sentence when everything is in use", () => {
    const everything = [{ start: 0, count: 2 ** 32 - 1 }];
    assert.throws(
      () => chooseIdRange(nobodys, everything),
      (error) => TerrariumError.is(error, "idRangeExhausted") && error.args.tried > 20_000,
    );
    const allButLast = [{ start: 0, count: last }];
    assert.equal(chooseIdRange(nobodys, allButLast), last);
  });
});

test("ids in use on this machine hold root's and nobody's", () => {
  const inUse = idsInUse();
  for (const id of [0, 65534]) {
    assert.ok(
      inUse.some(({ start, count }) => start <= id && id < start + count),
      `${id}`,
    );
  }
});

describe("who the user is inside", () => {
  const asker = { uid: 1000, gid: 1001, name: "dev", home: "/home/dev", shell: "/bin/sh" };
  const root = { uid: 0, gid: 0, name: "root", home: "/root", shell: "/bin/sh" };

  test("the host's root is in no map of any asker", () => {
    for (const userns of ["keep-id", "root"] as const) {
      const ofUser = planIdentity(asker, userns, undefined);
      const ofRoot = planIdentity(root, userns, needsIdRange(root) ? first : undefined);
      for (const { uidMap, gidMap } of [ofUser, ofRoot]) {
        assert.ok([...uidMap, ...gidMap].every(([, outside]) => outside > 0));
      }
    }
  });

  test("keep-id gives the user no capability, not even in its own user namespace", () => {
    assert.deepEqual(planIdentity(asker, "keep-id", undefined).capabilities, []);
  });

  test("only root needs a range of its own", () => {
    assert.ok(needsIdRange(root));
    assert.ok(!needsIdRange(asker));
  });
});
