import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  type Column,
  fittingColumns,
  formatAge,
  formatFacts,
  formatTable,
} from "../../helper/cli/text.ts";
import { printable } from "../../helper/protocol/printable.ts";

interface Row {
  readonly name: string;
  readonly count?: number;
}

const columns: readonly Column<Row>[] = [
  { title: "NAME", value: ({ name }) => name },
  { title: "COUNT", value: ({ count }) => count, right: true },
  { title: "END", value: () => "x" },
];

/** What steers or reorders a terminal's line: C0, DEL, C1, bidirectional controls, line separators. */
const steering = /[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/u;

const hostile = [
  "\u001b]0;title\u0007",
  "\u001b[2J",
  "\u009b31m",
  "a\nb",
  "a\rb",
  "\u007f",
  "user\u202etxt.exe",
  "\u2066hidden\u2069",
  "a\u2028b",
  "\ud800",
];

describe("a table", () => {
  test("aligns its columns and leaves no blanks at the end of a line", () => {
    const table = formatTable(columns, [
      { name: "a", count: 1 },
      { name: "longer", count: 20_000 },
    ]);
    assert.deepEqual(table.split("\n"), [
      "NAME    COUNT  END",
      "a           1  x",
      "longer  20000  x",
    ]);
  });

  test("shows a hyphen for what is not known", () => {
    assert.match(formatTable(columns, [{ name: "a" }]), /\na {9}- {2}x$/);
  });

  test("is its titles alone when there are no rows", () => {
    assert.equal(formatTable(columns, []), "NAME  COUNT  END");
  });

  test("keeps the columns that have room, the first in any case", () => {
    const rows = [{ name: "longer", count: 20_000 }];
    const titles = (room?: number) => fittingColumns(columns, rows, room).map(({ title }) => title);
    assert.deepEqual(titles(), ["NAME", "COUNT", "END"]);
    assert.deepEqual(titles(18), ["NAME", "COUNT", "END"]);
    assert.deepEqual(titles(17), ["NAME", "COUNT"]);
    assert.deepEqual(titles(3), ["NAME"]);
  });

  test("cuts what may be cut where a line has no room, the widest first, and never the rest", () => {
    const three: readonly Column<readonly string[]>[] = [
      { title: "ID", value: ([id]) => id },
      { title: "A", value: ([, a]) => a, cut: true },
      { title: "B", value: ([, , b]) => b, cut: true },
    ];
    const rows = [["0123456789", "a".repeat(40), "宽".repeat(12)]];
    const line = (room?: number) => formatTable(three, rows, room).split("\n")[1];
    assert.equal(line(), `0123456789  ${"a".repeat(40)}  ${"宽".repeat(12)}`);
    assert.equal(line(78), line());
    assert.equal(line(60), `0123456789  ${"a".repeat(22)}…  ${"宽".repeat(11)}…`);
    assert.equal(line(50), `0123456789  ${"a".repeat(17)}…  ${"宽".repeat(8)}…`);
    assert.equal(line(10), `0123456789  ${"a".repeat(11)}…  ${"宽".repeat(5)}…`);
  });

  test("has one line per row and nothing that steers a terminal, whatever the names", () => {
    const rows = fc.array(
      fc.record({ name: fc.oneof(fc.constantFrom(...hostile), fc.string({ unit: "binary" })) }),
    );
    fc.assert(
      fc.property(rows, (list) => {
        const lines = formatTable(columns, list).split("\n");
        assert.equal(lines.length, list.length + 1);
        for (const line of lines) assert.doesNotMatch(line, steering);
      }),
    );
  });
});

describe("facts", () => {
  test("are one line each, aligned; those that are empty are left out", () => {
    const text = formatFacts([
      ["pid", 7],
      ["sandbox", undefined],
      ["command line", "sleep 1"],
      ["user", ""],
    ]);
    assert.equal(text, "pid           7\ncommand line  sleep 1");
  });

  test("of hostile names steer no terminal", () => {
    for (const name of hostile) assert.doesNotMatch(formatFacts([["name", name]]), steering);
  });
});

describe("printable text", () => {
  test("keeps every letter of every script, and emoji", () => {
    for (const text of ["naïve café", "容器", "привет", "مرحبا", "🫙 jar", "a b"]) {
      assert.equal(printable(text), text);
    }
  });

  test("marks what it replaces, so that two names stay different in length", () => {
    assert.equal(printable("a\u001bb"), "a\u{fffd}b");
  });
});

test("an age is coarse and never negative", () => {
  for (const [milliseconds, age] of [
    [-5_000, "0 s"],
    [999, "0 s"],
    [59_999, "59 s"],
    [60_000, "1 m"],
    [3_599_999, "59 m"],
    [7_200_000, "2 h"],
    [200_000_000, "2 d"],
  ] as const) {
    assert.equal(formatAge(milliseconds), age);
  }
});

test("columns stay aligned beside letters that take two cells, and marks that take none", () => {
  const rows = ["web", "容器", "e\u0301t\u00e9"].map((name) => ({ name }));
  const columns = [
    { title: "NAME", value: ({ name }: { name: string }) => name },
    { title: "N", value: () => 1 },
  ];
  assert.equal(
    formatTable(columns, rows),
    ["NAME  N", "web   1", "容器  1", "e\u0301t\u00e9   1"].join("\n"),
  );
});
