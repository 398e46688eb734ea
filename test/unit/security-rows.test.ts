import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, test } from "node:test";
import { securityRows } from "../kernel/security-rows.ts";

const folder = join(import.meta.dirname, "..", "kernel");

/** Every test's name that begins with a row: file, row and CVEs. */
const named = globSync("*.test.ts", { cwd: folder }).flatMap((name) => {
  const text = readFileSync(join(folder, name), "utf8");
  const titles = text.matchAll(/["`]row (\d+)((?:, CVE-\d{4}-\d+)*): \S/g);
  return [...titles].map(([, row, cves = ""]) => ({
    file: basename(name, ".test.ts"),
    row: Number(row),
    cves: cves.split(", ").slice(1),
  }));
});

const sorted = (words: readonly string[]): string[] => [...new Set(words)].sort();

describe("the lessons of other runtimes", () => {
  test("are 34 rows, and no test's name has another number", () => {
    const numbers = Array.from({ length: 34 }, (_, index) => index + 1);
    assert.deepEqual(Object.keys(securityRows).map(Number), numbers);
    assert.deepEqual(
      named.filter(({ row }) => !numbers.includes(row)),
      [],
    );
  });

  for (const [row, { lesson, cves, files }] of Object.entries(securityRows))
    test(`row ${row} (${lesson}) has tests where the table says, for each of its CVEs`, () => {
      const tests = named.filter((one) => one.row === Number(row));
      assert.deepEqual(sorted(tests.map(({ file }) => file)), files);
      assert.deepEqual(sorted(tests.flatMap((one) => one.cves)), cves);
    });
});
