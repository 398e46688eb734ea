import { Transform, type TransformCallback } from "node:stream";
import { requestCapBytes } from "../protocol/methods.ts";

/**
 * Stands before vscode-jsonrpc, whose reader buffers an endless header and believes any Content-Length.
 * Passes frames only while each header and body stays within its cap; the first that does not ends the
 * connection. Headers are read more strictly than there: where the two would disagree about the end of a
 * frame, the other reader would buffer without bound behind our back.
 */
export const headerCapBytes = 1024;

const headerEnd = Buffer.from("\r\n\r\n");

export function capMessages(mostBytes = requestCapBytes): Transform {
  let header = Buffer.alloc(0);
  let bodyLeft = 0;

  /** Walks one chunk; an error text when a cap is passed. Headers can be cut anywhere between two chunks. */
  function inspect(chunk: Buffer): string | undefined {
    let rest = chunk;
    while (rest.length > 0) {
      if (bodyLeft > 0) {
        const body = Math.min(bodyLeft, rest.length);
        bodyLeft -= body;
        rest = rest.subarray(body);
        continue;
      }
      const known = header.length;
      header = Buffer.concat([header, rest.subarray(0, headerCapBytes + headerEnd.length - known)]);
      const end = header.indexOf(headerEnd);
      if (end < 0) {
        const isFull = header.length === headerCapBytes + headerEnd.length;
        return isFull ? "a header is too long" : undefined;
      }
      const length = contentLength(header.subarray(0, end));
      if (length === undefined) return "a header has no valid Content-Length";
      if (length > mostBytes) return `a message of ${length} bytes is too long`;
      rest = rest.subarray(end + headerEnd.length - known);
      header = Buffer.alloc(0);
      bodyLeft = length;
    }
    return undefined;
  }

  return new Transform({
    transform(chunk: Buffer, _encoding, done: TransformCallback) {
      const refusal = inspect(chunk);
      if (refusal) done(new Error(refusal));
      else done(null, chunk);
    },
  });
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
