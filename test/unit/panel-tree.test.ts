import assert from "node:assert/strict";
import { test } from "node:test";
import type { ProcessEntry } from "../../helper/protocol/inventory.ts";
import { inTreeOrder } from "../../media/panel/processes/tree.ts";

function entry(pid: number, parentPid: number): ProcessEntry {
  const command = `process ${pid}`;
  const identity = { pid, parentPid, nestedPids: [pid], startTimeTicks: pid };
  return { ...identity, uid: 0, user: "root", command, commandLine: command };
}

test("processes stand below their parents, and those whose parent is not shown at the top", () => {
  const processes = [entry(30, 20), entry(7, 3), entry(20, 7), entry(21, 7), entry(5, 900)];
  assert.deepEqual(
    inTreeOrder(processes).map(({ process, depth }) => [process.pid, depth]),
    [
      [5, 0],
      [7, 0],
      [20, 1],
      [30, 2],
      [21, 1],
    ],
  );
});

test("a chain of ten thousand processes is put in order, too", () => {
  const chain = Array.from({ length: 10_000 }, (_, at) => entry(at + 2, at + 1));
  assert.equal(inTreeOrder(chain).at(-1)?.depth, 9_999);
});

test("two that name each other as parent, read while pids were given anew, end no walk", () => {
  assert.deepEqual(inTreeOrder([entry(2, 3), entry(3, 2)]), []);
});
