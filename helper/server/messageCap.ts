import { Transform, type TransformCallback } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import { requestCapBytes } from "../protocol/methods.ts";
import { openGathered } from "./gathered.ts";
import { ValueCount } from "./valueCount.ts";

/**
 * Stands before vscode-jsonrpc, whose reader buffers an endless header and believes any Content-Length.
 * Passes frames only while each header and body stays within its cap; the first that does not ends the
 * connection. Headers are read more strictly than there: where the two would disagree about the end of a
 * frame, the other reader would buffer without bound behind our back. That one also takes all messages of a
 * chunk at once, and answers one a turn: so the next chunk comes when those of the one before are through.
 */
export const headerCapBytes = 1024;

const headerEnd = Buffer.from("\r\n\r\n");

export function capMessages(mostBytes = requestCapBytes, mostValues = Infinity): Transform {
  let header = Buffer.alloc(0);
  let bodyLeft = 0;
  let count = new ValueCount();
  const gathered = openGathered();

  /** Walks one chunk: how many bodies begin in it; an error text when a cap is passed. Headers can be cut anywhere. */
  function inspect(chunk: Buffer): number | string {
    let rest = chunk;
    let begun = 0;
    while (rest.length > 0) {
      if (bodyLeft > 0) {
        const body = rest.subarray(0, bodyLeft);
        const isCounted = Number.isFinite(mostValues);
        if (isCounted && count.add(body) > mostValues)
          return `a message has over ${mostValues} values`;
        bodyLeft -= body.length;
        rest = rest.subarray(body.length);
        continue;
      }
      const known = header.length;
      header = Buffer.concat([header, rest.subarray(0, headerCapBytes + headerEnd.length - known)]);
      const end = header.indexOf(headerEnd);
      if (end < 0) {
        const isFull = header.length === headerCapBytes + headerEnd.length;
        return isFull ? "a header is too long" : begun;
      }
      const length = contentLength(header.subarray(0, end));
      if (length === undefined) return "a header has no valid Content-Length";
      if (length > mostBytes) return `a message of ${length} bytes is too long`;
      rest = rest.subarray(end + headerEnd.length - known);
      header = Buffer.alloc(0);
      bodyLeft = length;
      count = new ValueCount();
      begun += 1;
    }
    return begun;
  }

  return new Transform({
    transform(chunk: Buffer, _encoding, done: TransformCallback) {
      const isInside = chunk.length < bodyLeft;
      const begun = inspect(chunk);
      if (typeof begun === "string") {
        done(new Error(begun));
        return;
      }
      for (const piece of gathered.add(chunk, isInside)) this.push(piece);
      if (begun === 0) done();
      else void turns(begun).then(() => done());
    },
  });
}

/** One to be read from its bytes, one to be worked on. */
const turnsAMessage = 2;

async function turns(messages: number): Promise<void> {
  for (let turn = 0; turn < messages * turnsAMessage; turn += 1) await nextTurn();
}

/** Printable ASCII only: the other reader drops each byte's high bit, and a lone CR or LF moves its end of header. */
const headerLine = /^([\w-]+):([\x20-\x7e]*)$/;

function contentLength(header: Buffer): number | undefined {
  const fields = header
    .toString("latin1")
    .split("\r\n")
    .map((line) => headerLine.exec(line));
  if (fields.includes(null)) return undefined;
  const lengths = fields.filter((field) => field?.[1]?.toLowerCase() === "content-length");
  const digits = /^ *(\d{1,10}) *$/.exec(lengths[0]?.[2] ?? "")?.[1];
  // Two of them are two opinions about where the next message begins.
  return lengths.length === 1 && digits !== undefined ? Number(digits) : undefined;
}
