import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import fc from "fast-check";
import { parseResourceLimit } from "../../helper/kernel/resourceLimits.ts";
import { formatLimit, parseLimit, spellLimit } from "../../helper/protocol/limits.ts";
import { limitChanges } from "../../helper/protocol/limitWords.ts";
import { ulimitNames } from "../../helper/protocol/privileges.ts";
import {
  resourceLimitNames,
  resourceLimitOf,
  ulimitFrom,
} from "../../helper/protocol/resourceLimits.ts";

describe("a resource limit", () => {
  test("is written as Docker's, a size with a suffix, too, and said in its unit", () => {
    for (const [limit, text, value, words] of [
      ["ulimitNofile", "1024", "1024:1024", "1024"],
      ["ulimitNofile", "1024:-1", "1024:unlimited", "1024 soft, unlimited hard"],
      ["ulimitStack", "8m:64m", "8388608:67108864", "8 MB soft, 64 MB hard"],
      ["ulimitCpu", "60:120", "60:120", "60 s soft, 120 s hard"],
      ["ulimitRttime", "200000", "200000:200000", "200000 µs"],
      ["ulimitCore", "unlimited", "unlimited:unlimited", "unlimited"],
    ] as const) {
      assert.equal(parseLimit(limit, text), value);
      assert.equal(formatLimit(limit, value), words);
      assert.equal(parseLimit(limit, spellLimit(limit, value)), value);
    }
  });

  test("is malformed where the soft limit is above the hard one, or it is no pair", () => {
    const wrong = ["2:1", "unlimited:1", "", ":", "1:", ":1", "1:2:3", "-2", "1.5", "many", "9e9"];
    for (const text of wrong) assert.equal(parseLimit("ulimitNofile", text), undefined, text);
  });

  test("is asked for with both of its parts; none is unlimited", () => {
    const asked = (ulimitNofile: unknown) => limitChanges.safeParse({ ulimitNofile });
    assert.deepEqual(asked(null).data, { ulimitNofile: "unlimited:unlimited" });
    assert.deepEqual(asked("18446744073709551614:unlimited").success, true);
    for (const wrong of ["2:1", "unlimited:5", "5", "5:-1", "5:6\n", 5, ["5:6"]]) {
      assert.equal(asked(wrong).success, false, `${wrong}`);
    }
  });

  test("is of a spec's ulimits by name, and the other way", () => {
    assert.equal(new Set(ulimitNames.map(resourceLimitOf)).size, resourceLimitNames.length);
    assert.deepEqual(ulimitFrom("5:unlimited"), { soft: 5, hard: "unlimited" });
    // More than JavaScript counts exactly is as good as unlimited.
    assert.deepEqual(ulimitFrom("5:18446744073709551614"), { soft: 5, hard: "unlimited" });
  });

  test("is read of every process, by the kernel's own titles; a zombie has none", () => {
    const text = readFileSync("/proc/self/limits", "utf8");
    for (const name of ulimitNames) {
      assert.match(`${parseResourceLimit(text, name)}`, /^(\d+|unlimited):(\d+|unlimited)$/, name);
      assert.equal(parseResourceLimit("", name), undefined);
    }
  });

  test("says the same after it was spelled and read again", () => {
    const pair = fc.tuple(fc.maxSafeNat(), fc.maxSafeNat()).map((two) => two.sort((a, b) => a - b));
    fc.assert(
      fc.property(fc.constantFrom(...resourceLimitNames), pair, (limit, [soft, hard]) => {
        const value = `${soft}:${hard}`;
        assert.equal(parseLimit(limit, spellLimit(limit, value)), value);
      }),
    );
  });
});
