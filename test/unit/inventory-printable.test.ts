import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { printable } from "../../helper/protocol/printable.ts";

test("names in any script stay as they are", () => {
  for (const name of ["nginx: worker", "größe", "终端", "процесс", "🫙"]) {
    assert.equal(printable(name), name);
  }
});

test("escape sequences, line ends and direction marks lose their power", () => {
  assert.equal(printable("a\x1b[2Jb\r\n\x7f\x9b"), "a\uFFFD[2Jb\uFFFD\uFFFD\uFFFD\uFFFD");
  assert.equal(printable("exe\u202Etxt\u2066\u2028\u200B"), "exe\uFFFDtxt\uFFFD\uFFFD\uFFFD");
});

test("a cut does not leave half a character", () => {
  assert.equal(printable("abc🫙", 4), "abc\uFFFD");
});

test("nothing that controls a terminal comes out, whatever goes in", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 400 }), (text) => {
      const result = printable(text, 256);
      assert.ok(result.length <= 256);
      assert.doesNotMatch(result, /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
    }),
  );
});
