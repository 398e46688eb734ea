import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type CgroupFiles, filesAfter, type LimitFile } from "../../helper/limits/limitFile.ts";
import { fileIn } from "../../helper/limits/read.ts";
import { isInForce, limitTable } from "../../helper/limits/table.ts";
import { limitNames } from "../../helper/protocol/limits.ts";

function row(limit: string) {
  const found = limitTable.find((candidate) => candidate.limit === limit);
  assert.ok(found, limit);
  return found;
}

/** Files that hold what was last written to them. */
function cgroup(texts: Readonly<Record<string, string>>): CgroupFiles {
  return { read: (file) => texts[file] };
}

function fileOf(limit: string, version: 1 | 2): LimitFile {
  const found = fileIn(row(limit), { version });
  assert.ok(!("reason" in found), limit);
  return found;
}

describe("cpu.max of version 2 holds quota and period", () => {
  const writes = (limit: string, value: number | undefined, text: string) =>
    fileOf(limit, 2).writes(value, cgroup({ "cpu.max": text }));

  test("writing one keeps the other", () => {
    for (const [limit, value, before, after] of [
      ["cpuPeriodUs", 50_000, "max 100000\n", "max 50000"],
      ["cpuQuotaUs", 20_000, "max 50000\n", "20000 50000"],
      ["cpuPeriodUs", 100_000, "20000 50000\n", "20000 100000"],
      ["cpuQuotaUs", undefined, "20000 50000\n", "max 50000"],
    ] as const) {
      assert.deepEqual(writes(limit, value, before), [{ file: "cpu.max", text: after }]);
    }
  });

  test("each is read from its own field", () => {
    assert.equal(fileOf("cpuPeriodUs", 2).read(cgroup({ "cpu.max": "max 100000\n" })), 100_000);
    assert.equal(fileOf("cpuQuotaUs", 2).read(cgroup({ "cpu.max": "max 100000\n" })), undefined);
    assert.equal(fileOf("cpuQuotaUs", 2).read(cgroup({ "cpu.max": "20000 100000\n" })), 20_000);
  });
});

describe("no limit is undefined, in each file's own words", () => {
  const none: readonly (readonly [string, 1 | 2, string, string])[] = [
    ["cpuQuotaUs", 1, "cpu.cfs_quota_us", "-1\n"],
    ["cpuQuotaUs", 2, "cpu.max", "max 100000\n"],
    ["memoryBytes", 1, "memory.limit_in_bytes", "9223372036854771712\n"],
    ["memoryBytes", 1, "memory.limit_in_bytes", "9223372036854710272\n"],
    ["memoryBytes", 2, "memory.max", "max\n"],
    ["pidsMax", 1, "pids.max", "max\n"],
    ["pidsMax", 2, "pids.max", "max\n"],
  ];
  for (const [limit, version, file, text] of none) {
    test(`${limit}, v${version}: ${text.trim()}`, () => {
      assert.equal(fileOf(limit, version).read(cgroup({ [file]: text })), undefined);
      assert.equal(fileOf(limit, version).find(cgroup({ [file]: text })), file);
      assert.equal(fileOf(limit, version).find(cgroup({})), undefined);
    });
  }
});

test("what is written is what is read, in both versions", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...limitNames),
      fc.constantFrom(1 as const, 2 as const),
      fc.integer({ min: 1, max: 2 ** 40 }),
      (limit, version, value) => {
        const file = fileOf(limit, version);
        assert.equal(file.read(filesAfter(cgroup({}), file.writes(value, cgroup({})))), value);
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
