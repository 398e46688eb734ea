import assert from "node:assert/strict";
import { test } from "node:test";
import {
  fieldHelp,
  type LimitName,
  limitFacts,
  limitNames,
  parseLimit,
} from "../../helper/protocol/limits.ts";
import type { LimitRowReport } from "../../helper/protocol/limitsReport.ts";
import { fieldError, fieldText, isFromAbove, isOther } from "../../helper/protocol/limitTexts.ts";
import type { LimitValue } from "../../helper/protocol/limitUnits.ts";
import { formRows } from "../../media/panel/limits/formRows.ts";
import { groupOf } from "../../media/panel/limits/groups.ts";

function row(limit: LimitName, value?: LimitValue): LimitRowReport {
  const { unit, minimum, maximum } = limitFacts[limit];
  return { limit, unit, minimum, maximum, value, file: "/sys/fs/cgroup/web/file" };
}

/** One that its unit allows. */
function example(limit: LimitName): LimitValue {
  const { unit, minimum, maximum } = limitFacts[limit];
  const number = Math.min(Math.max(minimum, 3 * 1024 * 1024), maximum);
  if (unit === "list") return "0-1,3";
  if (unit.startsWith("resource")) return "1024:2048";
  if (unit === "bytesPerSecond" || unit === "operationsPerSecond") return { "8:0": 1000 };
  return unit === "hugePages" ? { "2MB": 4 * 1024 * 1024 } : number;
}

test("the text of every limit's field says its value, and is one that can be asked for", () => {
  for (const limit of limitNames) {
    const value = example(limit);
    const text = fieldText(row(limit, value));
    assert.deepEqual(parseLimit(limit, text), value, limit);
    assert.equal(fieldError(limit, text), undefined, limit);
    assert.equal(isOther(row(limit, value), text), false, limit);
    assert.equal(isOther(row(limit, value), ""), true, limit);
  }
});

test("bytes are written with the suffix that leaves none of them out", () => {
  const texts = [0, 1, 1023, 1024, 1536, 64 * 1024 ** 2, 1024 ** 3 + 1024, 2 * 1024 ** 4];
  assert.deepEqual(
    texts.map((bytes) => fieldText(row("memoryBytes", bytes))),
    ["0", "1", "1023", "1k", "1536", "64m", "1048577k", "2t"],
  );
  assert.equal(fieldText(row("ulimitStack", "8388608:unlimited")), "8m:unlimited");
  assert.equal(fieldText(row("ulimitNofile", "1024:2048")), "1024:2048");
});

test("another spelling of the same value asks for nothing", () => {
  assert.equal(isOther(row("memoryBytes", 64 * 1024 ** 2), " 65536k "), false);
  assert.equal(isOther(row("memoryBytes", 64 * 1024 ** 2), "65m"), true);
  assert.equal(isOther(row("cpusetCpus", "0-3"), "0,1,2,3"), false);
  assert.equal(isOther(row("pidsMax"), ""), false);
  assert.equal(isOther(row("pidsMax"), "many"), true);
});

test("what is malformed or out of range is said in words", () => {
  assert.match(fieldError("memoryBytes", "64 elephants") ?? "", /^It is written in bytes/);
  assert.match(fieldError("cpuQuotaUs", "5") ?? "", /^It must be 1,000 microseconds or more/);
  assert.equal(fieldError("cpuQuotaUs", " "), undefined);
  assert.equal(fieldError("netRateUp", "1"), "It must be between 8kbit and 100gbit.");
  assert.equal(fieldError("ioReadOps", "8:0:0"), "It must be 1 per second or more.");
});

test("of a field it is said what that one limit is, not what the flag counts with it", () => {
  assert.equal(fieldHelp("swapBytes"), "most swap in use at once, beside the memory");
  assert.equal(fieldHelp("pidsMax"), limitFacts.pidsMax.help);
});

test("a limit is from above where another cgroup's file sets it", () => {
  const own = { value: 5, file: "/sys/fs/cgroup/web/file", title: "web" };
  assert.equal(isFromAbove({ ...row("pidsMax", 5), effective: own }), false);
  const above = { value: 3, file: "/sys/fs/cgroup/file", title: "/" };
  assert.equal(isFromAbove({ ...row("pidsMax", 5), effective: above }), true);
});

test("every limit has its place in the form", () => {
  assert.deepEqual(
    limitNames.filter((limit) => ["Others", ""].includes(groupOf(limit))),
    [],
  );
});

test("limits that cannot be had for one reason share a row, where the first of them stands", () => {
  const lacking = (limit: LimitName, unavailable: string) => ({ ...row(limit), unavailable });
  const shown = formRows([
    lacking("cpuQuotaUs", "no cpu here"),
    row("pidsMax", 20),
    lacking("cpuBurstUs", "no cpu here"),
    lacking("memoryHighBytes", "not in version 1"),
  ]);
  assert.deepEqual(
    shown.map(({ limit, alike }) => [limit, alike]),
    [
      ["cpuQuotaUs", ["cpuBurstUs"]],
      ["pidsMax", undefined],
      ["memoryHighBytes", []],
    ],
  );
});
