import { createHash } from "node:crypto";
import { fchmodSync, fchownSync, fsyncSync, readSync, writeSync } from "node:fs";

/** native/starter/manifest.h. */
const pieceBytes = 4 << 20;

/** What was copied: its size, and the SHA-256 of each of its pieces. */
export interface Copied {
  readonly size: number;
  readonly pieces: readonly string[];
}

/**
 * Copies from descriptor to descriptor, so that what was looked at is what is read, and what is hashed is what is
 * written. The copy is root's and on the disk when this returns.
 *
 * @throws {Error} where there is more than that many bytes
 */
export function copyInPieces(from: number, to: number, mode: number, mostBytes: number): Copied {
  const pieces: string[] = [];
  const buffer = Buffer.allocUnsafe(pieceBytes);
  let size = 0;
  for (;;) {
    const piece = buffer.subarray(0, fill(from, buffer));
    if (piece.length === 0) break;
    size += piece.length;
    if (size > mostBytes) throw new Error(`it is larger than ${mostBytes} bytes`);
    pieces.push(createHash("sha256").update(piece).digest("hex"));
    writeWhole(to, piece);
  }
  fchownSync(to, 0, 0);
  fchmodSync(to, mode);
  fsyncSync(to);
  return { size, pieces };
}

/** Up to a whole piece: read(2) may give less. */
function fill(from: number, buffer: Buffer): number {
  let length = 0;
  for (let more = -1; more !== 0 && length < buffer.length; length += more) {
    more = readSync(from, buffer, length, buffer.length - length, null);
  }
  return length;
}

function writeWhole(to: number, bytes: Buffer): void {
  for (let written = 0; written < bytes.length; ) {
    written += writeSync(to, bytes, written, bytes.length - written);
  }
}
