import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ValueCount } from "../../helper/server/valueCount.ts";

/** As a reader has them. */
function valuesOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  const parts = Object.values(value);
  return 1 + Math.max(0, parts.length - 1) + parts.reduce((sum, part) => sum + valuesOf(part), 0);
}

test("values are counted wherever the text is cut, and what strings hold is none", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.nat(), (value, at) => {
      const text = Buffer.from(JSON.stringify(value));
      const cut = at % (text.length + 1);
      const count = new ValueCount();
      count.add(text.subarray(0, cut));
      assert.equal(count.add(text.subarray(cut)), valuesOf(value));
    }),
  );
  assert.equal(new ValueCount().add(Buffer.from('"\\",[{\\\\",1')), 1);
});
