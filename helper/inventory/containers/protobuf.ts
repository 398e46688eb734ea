/** As much of Protocol Buffers' wire format as one question and its answer take: protobuf.dev/programming-guides/encoding. */

/** How long a value of each wire type is; what comes with its own length is what is read. */
const varint = 0;
const fixed64 = 1;
const lengthDelimited = 2;
const fixed32 = 5;

/** A varint has ten bytes at most; a length, here, is a number. */
const longestLength = 5;

/** A message whose only field is a text. */
export function textMessage(field: number, text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([
    Buffer.from([(field << 3) | lengthDelimited]),
    varintOf(bytes.length),
    bytes,
  ]);
}

function varintOf(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return Buffer.from([...bytes, rest]);
}

export interface Field {
  readonly number: number;
  readonly bytes: Buffer;
}

/** Texts and messages in a message, in their order; up to where it is no message any more. */
export function* fieldsOf(message: Buffer): Generator<Field> {
  for (let at = 0; at < message.length; ) {
    const tag = readVarint(message, at);
    if (!tag) return;
    const value = valueAt(message, tag.end, tag.value & 7);
    if (!value || value.end > message.length) return;
    if (value.bytes) yield { number: tag.value >>> 3, bytes: value.bytes };
    at = value.end;
  }
}

function valueAt(
  message: Buffer,
  at: number,
  type: number,
): { bytes?: Buffer; end: number } | undefined {
  if (type === varint) return afterVarint(message, at);
  if (type === fixed64) return { end: at + 8 };
  if (type === fixed32) return { end: at + 4 };
  const length = type === lengthDelimited ? readVarint(message, at) : undefined;
  if (!length) return undefined;
  const end = length.end + length.value;
  return { bytes: message.subarray(length.end, end), end };
}

function afterVarint(message: Buffer, start: number): { end: number } | undefined {
  let at = start;
  while (((message[at] ?? 0) & 0x80) !== 0) at += 1;
  return at < message.length ? { end: at + 1 } : undefined;
}

function readVarint(message: Buffer, start: number): { value: number; end: number } | undefined {
  let value = 0;
  for (let at = start; at < start + longestLength; at += 1) {
    const byte = message[at];
    if (byte === undefined) return undefined;
    value += (byte & 0x7f) * 2 ** (7 * (at - start));
    if ((byte & 0x80) === 0) return { value, end: at + 1 };
  }
  return undefined;
}
