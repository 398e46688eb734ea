import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { UsageSample } from "../../helper/protocol/usage.ts";
import { Columns } from "../../media/panel/usage/columns.ts";
import { csvOf } from "../../media/panel/usage/csv.ts";
import { figureWords, roundTop } from "../../media/panel/usage/numbers.ts";
import { UsageRecord } from "../../media/panel/usage/record.ts";
import { extremes } from "../../media/panel/usage/summary.ts";
import { AreaPen, type Pen, traceLine } from "../../media/panel/usage/trace.ts";

const begin = 1_700_000_000_000;
const busy = { usageUs: 0, throttledPeriods: 0, periods: 0, limitPercent: 20 };

/** A sample that much later, with so much processor time used since the cgroup was made. */
function sample(seconds: number, usageUs: number, more: Partial<UsageSample> = {}): UsageSample {
  const atMs = begin + seconds * 1000;
  return { target: "web", atMs, identity: "1", cpu: { ...busy, usageUs }, ...more };
}

function figures(record: UsageRecord, key: string): readonly number[] {
  return [...record.between(0, Number.MAX_SAFE_INTEGER).of(key)];
}

test("a line has the rate between two samples, and the limit that was in force then", () => {
  const record = new UsageRecord();
  record.restart([sample(0, 0), sample(1, 200_000)]);
  record.add(sample(2, 300_000, { cpu: { ...busy, usageUs: 300_000, limitPercent: 50 } }));
  assert.deepEqual(figures(record, "cpu"), [Number.NaN, 20, 10]);
  assert.deepEqual(figures(record, "cpuLimit"), [20, 20, 50]);
  assert.deepEqual(
    record.linesOf("cpu").map(({ key }) => key),
    ["cpu", "cpuLimit"],
  );
});

test("where nobody looked there is a gap, and no mean of the time between", () => {
  const record = new UsageRecord();
  record.restart([sample(0, 0), sample(1, 100_000), sample(61, 6_100_000), sample(62, 6_200_000)]);
  assert.deepEqual(figures(record, "cpu"), [Number.NaN, 10, Number.NaN, Number.NaN, 10]);
});

test("a cgroup that was made again leaves a gap, not a negative peak", () => {
  const record = new UsageRecord();
  record.restart([sample(0, 9_000_000), sample(1, 9_100_000), sample(2, 50, { identity: "2" })]);
  record.add(sample(3, 100_050, { identity: "2" }));
  assert.deepEqual(figures(record, "cpu"), [Number.NaN, 10, Number.NaN, 10]);
});

test("a sample that the history had is not drawn twice, and a new history replaces the old", () => {
  const record = new UsageRecord();
  record.restart([sample(0, 0), sample(1, 100_000)]);
  record.add(sample(1, 100_000));
  assert.equal(figures(record, "cpu").length, 2);
  record.restart([]);
  assert.deepEqual(record.linesOf("cpu"), []);
  assert.equal(record.last, undefined);
});

test("what the kernel does not say has no line, and is not 0", () => {
  const record = new UsageRecord();
  record.add(sample(0, 0, { memory: { current: 4096 } }));
  const keys = record.linesOf("memory").map(({ key }) => key);
  assert.deepEqual(keys, ["memory"]);
  assert.deepEqual(figures(record, "swap"), [Number.NaN]);
  assert.equal(figureWords(Number.NaN, "bytes"), "–");
});

test("columns keep the newest rows, and views of the older ones stay as they were", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 200 }), (kept, rows) => {
      const columns = new Columns(kept);
      const views: Float64Array[] = [];
      for (let row = 0; row < rows; row++) {
        columns.append(row, new Map([["a", row]]));
        views.push(columns.between(row, row).of("a"));
      }
      const all = columns.between(0, rows);
      const first = Math.max(0, rows - kept);
      assert.deepEqual(
        [...all.of("a")],
        Array.from({ length: rows - first }, (_, i) => first + i),
      );
      assert.deepEqual([...all.times], [...all.of("a")]);
      for (const [row, view] of views.entries()) assert.equal(view.at(-1), row);
    }),
  );
});

test("a column that begins late, and one that was not given, have no figure before and there", () => {
  const columns = new Columns(4);
  columns.append(1, new Map([["a", 1]]));
  columns.append(2, new Map([["b", 2]]));
  const { of } = columns.between(0, 9);
  assert.deepEqual([...of("a")], [1, Number.NaN]);
  assert.deepEqual([...of("b")], [Number.NaN, 2]);
});

/** What a pen was moved to, as text. */
function recorder(): { readonly pen: Pen; readonly steps: string[] } {
  const steps: string[] = [];
  const pen = {
    moveTo: (x: number, y: number) => void steps.push(`M${x},${y}`),
    lineTo: (x: number, y: number) => void steps.push(`L${x},${y}`),
  };
  return { pen, steps };
}

function traced(values: readonly number[], pixelsPerPoint = 10): readonly string[] {
  const { pen, steps } = recorder();
  const times = values.map((_, index) => index);
  const toX = (time: number) => time * pixelsPerPoint;
  traceLine(pen, { times, values, first: 0, last: values.length - 1, toX, toY: (value) => value });
  return steps;
}

test("a line breaks at a gap, and a point alone is a dot", () => {
  assert.deepEqual(traced([1, 2, Number.NaN, 4, Number.NaN, 6, 7]), [
    ...["M0,1", "L10,2"],
    ...["M30,4", "L32,4"],
    ...["M50,6", "L60,7"],
  ]);
  assert.deepEqual(traced([Number.NaN, Number.NaN]), []);
});

test("of the points of one pixel the lowest and the highest are drawn: no peak is lost", () => {
  const values = Array.from({ length: 1_000 }, (_, index) => (index === 500 ? 99 : index % 2));
  const steps = traced(values, 0.01);
  assert.ok(steps.length < 50, `${steps.length} steps`);
  assert.ok(steps.some((step) => step.endsWith(",99")));
});

test("an area is closed down to its base at each gap", () => {
  const { pen, steps } = recorder();
  const area = new AreaPen(pen, 100);
  area.moveTo(0, 1);
  area.lineTo(5, 2);
  area.moveTo(9, 3);
  area.close();
  assert.deepEqual(steps, ["M0,100", "L0,1", "L5,2", "L5,100", "M9,100", "L9,3", "L9,100"]);
});

test("the top of a scale is a round number at or above what is drawn", () => {
  assert.equal(roundTop(21, "percent"), 25);
  assert.equal(roundTop(100, "percent"), 100);
  assert.equal(roundTop(500 * 2 ** 20, "bytes"), 2 ** 29);
  fc.assert(
    fc.property(fc.double({ min: 1e-3, max: 1e15, noNaN: true }), (value) => {
      for (const unit of ["percent", "bytes"] as const) {
        const top = roundTop(value, unit);
        assert.ok(top >= value && top <= value * 2, `${value} ${unit} ${top}`);
      }
    }),
  );
});

test("the table for readers has the last, the lowest and the highest figure, without the gaps", () => {
  assert.deepEqual(extremes(Float64Array.of(Number.NaN, 3, 1, Number.NaN, 2)), [2, 1, 3]);
  assert.deepEqual(extremes(Float64Array.of(Number.NaN)), [Number.NaN, Number.NaN, Number.NaN]);
});

test("a CSV has a column for each line, and nothing where there was no figure", () => {
  const record = new UsageRecord();
  const io = [
    { device: "8:0", name: 's"da', readBytes: 0, writeBytes: 0, readOps: 0, writeOps: 0 },
  ];
  record.restart([sample(0, 0, { io }), sample(1, 123_456, { io })]);
  const rows = csvOf(record, record.between(0, begin * 2)).split("\r\n");
  assert.deepEqual(rows, [
    '"time","CPU used (percent)","CPU limit (percent)","Disk s""da read (bytesPerSecond)","Disk s""da written (bytesPerSecond)"',
    "2023-11-14T22:13:20.000Z,,20,,",
    "2023-11-14T22:13:21.000Z,12.346,20,0,0",
    "",
  ]);
});
