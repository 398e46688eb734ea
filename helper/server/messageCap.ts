import { Transform, type TransformCallback } from "node:stream";

/**
 * Stands before vscode-jsonrpc, whose reader buffers an endless header and believes any Content-Length.
 * Passes whole frames only while each header and body stays within its cap; the first that does not ends
 * the connection.
 */
export const headerCapBytes = 1024;
export const bodyCapBytes = 1024 * 1024;

const headerEnd = Buffer.from("\r\n\r\n");

export function capMessages(): Transform {
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
      if (end < 0 || end > headerCapBytes) {
        return header.length > headerCapBytes ? "a header is too long" : undefined;
      }
      const length = contentLength(header.subarray(0, end));
      if (length === undefined) return "a header has no valid Content-Length";
      if (length > bodyCapBytes) return `a message of ${length} bytes is too long`;
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

function contentLength(header: Buffer): number | undefined {
  const lines = header.toString("latin1").split("\r\n");
  const values = lines.flatMap(
    (line) => /^content-length:\s*(\d{1,10})\s*$/i.exec(line)?.[1] ?? [],
  );
  // Two of them are two opinions about where the next message begins.
  return values.length === 1 ? Number(values[0]) : undefined;
}
