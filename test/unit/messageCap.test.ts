import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, test } from "node:test";
import fc from "fast-check";
import { requestCapBytes } from "../../helper/protocol/methods.ts";
import { capMessages, headerCapBytes } from "../../helper/server/messageCap.ts";

/** What passed, and why it stopped. */
interface Outcome {
  readonly passed: Buffer;
  readonly refusal: string | undefined;
}

async function feed(chunks: readonly Buffer[]): Promise<Outcome> {
  const cap = capMessages();
  const passed: Buffer[] = [];
  let refusal: string | undefined;
  cap.on("data", (chunk: Buffer) => passed.push(chunk));
  cap.on("error", ({ message }) => {
    refusal = message;
  });
  const closed = new Promise<void>((resolve) => cap.once("close", resolve));
  for (const chunk of chunks) cap.write(chunk);
  cap.end();
  await closed;
  return { passed: Buffer.concat(passed), refusal };
}

const frame = (body: string | Buffer, extra = "") =>
  Buffer.concat([
    Buffer.from(`Content-Length: ${Buffer.byteLength(body)}\r\n${extra}\r\n`),
    Buffer.from(body),
  ]);

/** Cuts `bytes` at each of `cuts`, taken modulo its length. */
function cut(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const ends = [...new Set(cuts.map((at) => at % (bytes.length + 1)))].sort((a, b) => a - b);
  return [...ends, bytes.length].map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
}

async function refuses(header: string, reason: RegExp): Promise<void> {
  const { refusal } = await feed([Buffer.from(`${header}\r\n\r\n{}`, "latin1")]);
  assert.match(refusal ?? "passed", reason, JSON.stringify(header));
}

/** A header of exactly `length` bytes before its empty line. */
function headerOf(length: number, body: string): Buffer {
  const start = `Content-Length: ${body.length}\r\nX: `;
  return Buffer.from(`${start}${"x".repeat(length - start.length)}\r\n\r\n${body}`);
}

describe("valid frames", () => {
  test("that are many wait until those before them can have been worked on, one a turn", async () => {
    const cap = capMessages();
    let passed = 0;
    cap.on("data", () => {
      passed += 1;
    });
    for (const crowd of [100, 100, 1]) cap.write(Buffer.concat(Array(crowd).fill(frame("{}"))));
    const after: number[] = [];
    for (let turns = 0; turns < 450; turns += 1) {
      await new Promise(setImmediate);
      if (turns === 90 || turns === 290) after.push(passed);
    }
    assert.deepEqual([...after, passed], [1, 2, 3]);
  });

  test("pass unchanged, however they are cut", async () => {
    const bodies = fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(bodies, fc.array(fc.nat()), async (list, cuts) => {
        const bytes = Buffer.concat(list.map((body) => frame(Buffer.from(body))));
        const { passed, refusal } = await feed(cut(bytes, cuts));
        assert.equal(refusal, undefined);
        assert.deepEqual(passed, bytes);
      }),
    );
  });

  test("pass byte by byte, also when a body looks like a header", async () => {
    const bytes = Buffer.concat([
      frame("Content-Length: 99999999\r\n\r\n"),
      frame("{}"),
      frame(""),
    ]);
    const { passed, refusal } = await feed([...bytes].map((byte) => Buffer.from([byte])));
    assert.equal(refusal, undefined);
    assert.deepEqual(passed, bytes);
  });

  test("come in few pieces, however small those are that they came in", async () => {
    const bytes = Buffer.concat([frame(Buffer.alloc(100_000, "x")), frame("{}")]);
    const cap = capMessages();
    const passed: Buffer[] = [];
    cap.on("data", (piece: Buffer) => passed.push(piece));
    for (const byte of bytes) {
      if (!cap.write(Buffer.from([byte]))) await once(cap, "drain");
    }
    cap.end();
    await once(cap, "close");
    assert.deepEqual(Buffer.concat(passed), bytes);
    // Those of headers are passed on as they come.
    assert.ok(passed.length < 70, `${passed.length}`);
  });

  test("are passed on when they are whole, whatever has come of the next", async () => {
    const cap = capMessages();
    let passed = 0;
    cap.on("data", (piece: Buffer) => {
      passed += piece.length;
    });
    const [first, next] = [frame("[1,2]"), frame("[3,4]")];
    const begun = next.length - 2;
    for (const byte of first.subarray(0, -1)) cap.write(Buffer.from([byte]));
    cap.write(Buffer.concat([first.subarray(-1), next.subarray(0, begun)]));
    for (let turns = 0; turns < 10; turns += 1) await new Promise(setImmediate);
    assert.equal(passed, first.length + begun);
    cap.destroy();
  });

  test("may name a content type, in any letter case and order", async () => {
    const type = "content-type: application/vscode-jsonrpc; charset=utf-8\r\n";
    const { refusal } = await feed([
      frame("{}", type),
      Buffer.from(`${type}CONTENT-LENGTH:2\r\n\r\n{}`),
    ]);
    assert.equal(refusal, undefined);
  });
});

describe("the caps", () => {
  test("let a body of exactly 1 MiB pass and stop the next byte", async () => {
    const most = await feed([frame(Buffer.alloc(requestCapBytes))]);
    assert.equal(most.refusal, undefined);
    const more = await feed([Buffer.from(`Content-Length: ${requestCapBytes + 1}\r\n\r\n`)]);
    assert.match(more.refusal ?? "passed", /is too long/);
    assert.equal(more.passed.length, 0);
  });

  test("bound a header in the same place however it is cut", async () => {
    for (const [length, refused] of [
      [headerCapBytes, false],
      [headerCapBytes + 1, true],
    ] as const) {
      const bytes = headerOf(length, "{}");
      for (let at = length - 3; at <= length + 5; at += 1) {
        const { refusal } = await feed([bytes.subarray(0, at), bytes.subarray(at)]);
        assert.equal(refusal !== undefined, refused, `${length} bytes cut at ${at}`);
      }
    }
  });

  test("stop a header that never ends", async () => {
    const { refusal } = await feed(Array(64).fill(Buffer.from("x".repeat(100))));
    assert.match(refusal ?? "passed", /header is too long/);
  });
});

describe("a header that two readers could understand differently is refused", () => {
  test("no length, or one that is no number", async () => {
    for (const value of ["", "-1", "+2", "2.0", "0x2", "1e3", "2,2", "2 2", "٢", "99999999999"]) {
      await refuses(`Content-Length: ${value}`, /no valid Content-Length/);
    }
    await refuses("X: y", /no valid Content-Length/);
  });

  test("two lengths, even when only one of them is valid", async () => {
    for (const second of [
      "Content-Length: 2",
      "content-length: 99999999999",
      "Content-Length: x",
    ]) {
      await refuses(`Content-Length: 2\r\n${second}`, /no valid Content-Length/);
      await refuses(`${second}\r\nContent-Length: 2`, /no valid Content-Length/);
    }
  });

  test("line ends that are not both, and bytes that lose a bit on the way", async () => {
    for (const header of [
      "Content-Length: 2\r",
      "Content-Length: 2\nX: y",
      "\r\nContent-Length: 2",
      "Content-Length: 2\r\nX\r: y",
      "Content-Length: 2\r\n\u00c3ontent-Length: 99999999",
      "Content-Length : 2",
      " Content-Length: 2",
      "Content-Length: 2\r\n folded: 3",
      "Content-Length: 2\r\nno colon",
      "Content-Length: 2\r\nX: \0",
    ]) {
      await refuses(header, /no valid Content-Length/);
    }
  });
});

test("nothing of the chunk that breaks a rule passes", async () => {
  const { passed, refusal } = await feed([frame("{}"), Buffer.from("rubbish\r\n\r\n")]);
  assert.ok(refusal);
  assert.deepEqual(passed, frame("{}"));
});

test("no bytes make it throw, or pass more than it was given", async () => {
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
    fc
      .constantFrom("Content-Length: 5", "\r\n", "\r\n\r\n", "\r", "\n", ":", "{}")
      .map((text) => Buffer.from(text)),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 12 }), async (chunks) => {
      const { passed } = await feed(chunks);
      const all = Buffer.concat(chunks);
      assert.deepEqual(passed, all.subarray(0, passed.length));
    }),
  );
});
