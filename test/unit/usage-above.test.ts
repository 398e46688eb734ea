import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { FilesAbove } from "../../helper/usage/above.ts";

/** Later than anything that the averages of pressure still have to follow. */
const settledMs = () => performance.now() + 10_000;

describe("the file of the cgroup above those that are read", () => {
  let folder: string;
  let path: string;
  let above: FilesAbove;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "terrarium-above-"));
    path = join(folder, "io.stat");
    above = new FilesAbove();
    for (let reader = 0; reader < 8; reader++) above.join(path);
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  function isTheSame(sinceMs = settledMs()): boolean {
    above.beginRound();
    return above.saysTheSameSince(path, sinceMs);
  }

  test("tells that those below say the same, from when they were read after its last change", () => {
    writeFileSync(path, "1\n");
    assert.equal(isTheSame(performance.now()), false);
    assert.equal(isTheSame(), true);
    writeFileSync(path, "2\n");
    assert.equal(isTheSame(performance.now()), false);
  });

  test("is read once a round", () => {
    writeFileSync(path, "1\n");
    const lastMs = settledMs();
    assert.equal(isTheSame(lastMs), true);
    rmSync(path);
    assert.equal(above.saysTheSameSince(path, lastMs), true);
    assert.equal(isTheSame(performance.now()), false);
  });

  test("tells nothing where it is not there, or gives no answer", () => {
    assert.equal(isTheSame(performance.now()), false);
    assert.equal(isTheSame(performance.now()), false);
  });

  test("is not read for a few: it would cost more than they do", () => {
    writeFileSync(path, "1\n");
    above.leave(path);
    assert.equal(isTheSame(), false);
    above.join(path);
    assert.equal(isTheSame(), true);
  });
});
