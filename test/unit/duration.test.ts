import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseDuration } from "../../helper/protocol/duration.ts";

describe("a duration", () => {
  test("is hours, minutes, seconds and milliseconds, in that order", () => {
    assert.equal(parseDuration("30m"), 1_800_000);
    assert.equal(parseDuration("1h30m"), 5_400_000);
    assert.equal(parseDuration("1h2m3s4ms"), 3_723_004);
    assert.equal(parseDuration("90s"), 90_000);
    assert.equal(parseDuration("5ms"), 5);
  });

  test("is nothing else", () => {
    for (const text of ["", "0s", "30", "m", "1m1h", "-1s", "1.5h", " 1s", "9000h", "1s\n"]) {
      assert.equal(parseDuration(text), undefined, text);
    }
  });
});
