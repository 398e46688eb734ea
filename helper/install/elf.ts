import { readSync } from "node:fs";

/** What a program loads before its first line: elf(5), of 64-bit little-endian machines. */
export interface Loads {
  /** PT_INTERP: what the kernel starts in its place; undefined for a static program. */
  readonly interpreter: string | undefined;
  /** DT_NEEDED: a bare name is looked up, a path is taken. */
  readonly libraries: readonly string[];
  /** DT_RPATH, DT_RUNPATH: where names are looked up before the system's own places. */
  readonly searchPath: readonly string[];
}

const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const PT_INTERP = 3;
const DT_NEEDED = 1n;
const DT_STRTAB = 5n;
const DT_RPATH = 15n;
const DT_RUNPATH = 29n;

const headerBytes = 64;
const segmentBytes = 56;
const dynamicBytes = 16;
/** Far more than any has; a file that says more is not read. */
const mostSegments = 128;
const mostDynamicBytes = 64 << 10;
const mostTextBytes = 4096;

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: bigint;
  readonly size: number;
}

/** Undefined for what is no such program. */
export function readLoads(file: number): Loads | undefined {
  const header = readAt(file, 0, headerBytes);
  if (header.toString("latin1", 0, 6) !== "\x7fELF\x02\x01") return undefined;
  const segments = readSegments(file, header);
  const interpreter = segments.find(({ type }) => type === PT_INTERP);
  const dynamic = readDynamic(file, segments);
  const texts = (tags: readonly bigint[]) => dynamicTexts(file, segments, dynamic, tags);
  return {
    interpreter: interpreter && readText(file, interpreter.offset),
    libraries: texts([DT_NEEDED]),
    searchPath: texts([DT_RPATH, DT_RUNPATH]).flatMap((path) => path.split(":")),
  };
}

function readSegments(file: number, header: Buffer): readonly Segment[] {
  const first = Number(header.readBigUInt64LE(32));
  const count = Math.min(header.readUInt16LE(56), mostSegments);
  const table = readAt(file, first, count * segmentBytes);
  return Array.from({ length: Math.floor(table.length / segmentBytes) }, (_, index) => {
    const at = index * segmentBytes;
    return {
      type: table.readUInt32LE(at),
      offset: Number(table.readBigUInt64LE(at + 8)),
      address: table.readBigUInt64LE(at + 16),
      size: Number(table.readBigUInt64LE(at + 32)),
    };
  });
}

type Dynamic = readonly (readonly [tag: bigint, value: bigint])[];

function readDynamic(file: number, segments: readonly Segment[]): Dynamic {
  const segment = segments.find(({ type }) => type === PT_DYNAMIC);
  if (segment === undefined) return [];
  const table = readAt(file, segment.offset, Math.min(segment.size, mostDynamicBytes));
  return Array.from({ length: Math.floor(table.length / dynamicBytes) }, (_, index) => {
    const at = index * dynamicBytes;
    return [table.readBigUInt64LE(at), table.readBigUInt64LE(at + 8)] as const;
  });
}

function dynamicTexts(
  file: number,
  segments: readonly Segment[],
  dynamic: Dynamic,
  tags: readonly bigint[],
): readonly string[] {
  const address = dynamic.find(([tag]) => tag === DT_STRTAB)?.[1];
  const holder = segments.find(
    (segment) =>
      address !== undefined &&
      segment.type === PT_LOAD &&
      address >= segment.address &&
      address < segment.address + BigInt(segment.size),
  );
  if (address === undefined || holder === undefined) return [];
  const strings = holder.offset + Number(address - holder.address);
  return dynamic
    .filter(([tag]) => tags.includes(tag))
    .map(([, offset]) => readText(file, strings + Number(offset)));
}

function readText(file: number, offset: number): string {
  const bytes = readAt(file, offset, mostTextBytes);
  const end = bytes.indexOf(0);
  return bytes.toString("utf8", 0, end < 0 ? bytes.length : end);
}

function readAt(file: number, offset: number, length: number): Buffer {
  const buffer = Buffer.alloc(length);
  return buffer.subarray(0, readSync(file, buffer, 0, length, offset));
}
