import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { isInForce, limitTable } from "../../helper/limits/table.ts";
import { limitNames } from "../../helper/protocol/limits.ts";

function row(limit: string) {
  const found = limitTable.find((candidate) => candidate.limit === limit);
  assert.ok(found, limit);
  return found;
}

test("every limit of the protocol has one row, the period before the quota", () => {
  const limits = limitTable.map(({ limit }) => limit);
  assert.deepEqual([...limits].sort(), [...limitNames].sort());
  assert.ok(limits.indexOf("cpuPeriodUs") < limits.indexOf("cpuQuotaUs"));
});

describe("cpu.max of version 2 holds quota and period", () => {
  const { v2: period } = row("cpuPeriodUs");
  const { v2: quota } = row("cpuQuotaUs");

  test("writing one keeps the other", () => {
    assert.equal(period.format(50_000, "max 100000\n"), "max 50000");
    assert.equal(quota.format(20_000, "max 50000\n"), "20000 50000");
    assert.equal(period.format(100_000, "20000 50000\n"), "20000 100000");
  });

  test("each is read from its own field", () => {
    assert.equal(period.parse("max 100000\n"), 100_000);
    assert.equal(quota.parse("max 100000\n"), undefined);
    assert.equal(quota.parse("20000 100000\n"), 20_000);
  });
});

describe("no limit is undefined, in each file's own words", () => {
  const none: readonly (readonly [string, 1 | 2, string])[] = [
    ["cpuQuotaUs", 1, "-1\n"],
    ["cpuQuotaUs", 2, "max 100000\n"],
    ["memoryBytes", 1, "9223372036854771712\n"],
    ["memoryBytes", 1, "9223372036854710272\n"],
    ["memoryBytes", 2, "max\n"],
    ["pidsMax", 1, "max\n"],
    ["pidsMax", 2, "max\n"],
  ];
  for (const [limit, version, text] of none) {
    test(`${limit}, v${version}: ${text.trim()}`, () => {
      const files = row(limit);
      assert.equal((version === 1 ? files.v1 : files.v2).parse(text), undefined);
    });
  }
});

test("what is written is what is read, in both versions", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...limitTable),
      fc.integer({ min: 1, max: 2 ** 40 }),
      (limit, value) => {
        assert.equal(limit.v1.parse(limit.v1.format(value, "")), value);
        assert.equal(limit.v2.parse(limit.v2.format(value, "max 100000\n")), value);
      },
    ),
  );
});

test("a value counts as in force when only the kernel's page rounding changed it", () => {
  const memory = row("memoryBytes");
  assert.ok(isInForce(memory, 100_000_001, 99_999_744));
  assert.ok(!isInForce(memory, 100_000_000, 100_003_840));
  assert.ok(!isInForce(memory, 100_000_000, 99_000_000));
  assert.ok(!isInForce(memory, 100_000_000, undefined));
  assert.ok(!isInForce(row("pidsMax"), 50, 49));
});
