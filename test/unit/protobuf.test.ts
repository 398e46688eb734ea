import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { fieldsOf, textMessage } from "../../helper/inventory/containers/protobuf.ts";

/** Protocol Buffers' wire format, as far as an engine's answer is read. */

const textsOf = (message: Buffer) =>
  [...fieldsOf(message)].map(({ number, bytes }) => [number, bytes.toString()]);

test("a text is read as it was written, however long", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 15 }),
      fc.string({ maxLength: 20_000 }),
      (field, text) => {
        assert.deepEqual(textsOf(textMessage(field, text)), [[field, text]]);
      },
    ),
  );
});

test("numbers between the texts are passed over", () => {
  // 1: varint 300, 2: "web", 3: fixed64, 4: fixed32, 200: "x"
  const bytes = [0x08, 0xac, 0x02, 0x12, 3, ...Buffer.from("web"), 0x19, 1, 2, 3, 4, 5, 6, 7, 8];
  const message = Buffer.from([...bytes, 0x25, 1, 2, 3, 4, 0xc2, 0x0c, 1, ...Buffer.from("x")]);
  assert.deepEqual(textsOf(message), [
    [2, "web"],
    [200, "x"],
  ]);
});

test("what is no message ends where it stops being one, and nothing is read behind its end", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const message = Buffer.from(bytes);
      let length = 0;
      for (const field of fieldsOf(message)) length += field.bytes.length;
      assert.ok(length <= message.length);
    }),
  );
});

for (const [what, bytes] of Object.entries({
  "a length beyond the end": [0x12, 200, 1, 65],
  "a length that has no end": [0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  "a number that has no end": [0x08, 0xff, 0xff],
  "a group, which nobody writes any more": [0x0b, 0x12, 1, 65],
  "half a fixed number": [0x19, 1, 2],
})) {
  test(`${what} is where it ends`, () => {
    assert.deepEqual(textsOf(Buffer.from(bytes)), []);
  });
}
