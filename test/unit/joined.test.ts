import assert from "node:assert/strict";
import { closeSync, statSync } from "node:fs";
import { describe, test } from "node:test";
import { TerrariumError } from "../../helper/protocol/errors.ts";
import { mapsOf } from "../../helper/sandboxes/identity/subordinate.ts";
import { isPid, openJoined } from "../../helper/sandboxes/joined.ts";

describe("a namespace to join", () => {
  const own = { type: "net", target: "web", path: "/proc/self/ns/net" } as const;

  test("that another process with the same pid has instead is not opened", () => {
    const { ino } = statSync(own.path);
    closeSync(openJoined({ ...own, inode: ino }));
    assert.throws(
      () => openJoined({ ...own, inode: ino + 1 }),
      (error) => TerrariumError.is(error, "namespaceGone") && error.args.target === "web",
    );
  });

  test("is a process's where digits stand, unless they are a sandbox's id", () => {
    assert.deepEqual(["1", "4194304", "12345678", "1a", "/1"].map(isPid), [
      ...[true, true, false, false, false],
    ]);
  });
});

test("subordinate ranges follow each other inside, 65,536 ids in all", () => {
  assert.deepEqual(mapsOf(1000, [{ start: 100_000, count: 65_536 }]), [
    [0, 1000, 1],
    [1, 100_000, 65_535],
  ]);
  assert.deepEqual(
    mapsOf(1000, [
      { start: 5000, count: 10 },
      { start: 9000, count: 70_000 },
      { start: 1, count: 1 },
    ]),
    [
      [0, 1000, 1],
      [1, 5000, 10],
      [11, 9000, 65_525],
    ],
  );
});
