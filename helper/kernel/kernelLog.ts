import { closeSync, constants, openSync, readFileSync, readSync } from "node:fs";
import { errnoOf } from "./errors.ts";

/** One record of the kernel's log. */
export interface KernelRecord {
  readonly atMs: number;
  /** Unprintable bytes and backslashes stand as \xNN, so that a record is one line whatever a process is called. */
  readonly text: string;
}

/** A reader of /dev/kmsg with a place of its own in the log (Documentation/ABI/testing/dev-kmsg). */
export interface KernelLog {
  /** What came since the last call, the oldest that is kept first; of `mostAtOnce` at most. */
  read(): readonly KernelRecord[];
  close(): void;
}

/** The kernel writes a record of at most this (CONSOLE_EXT_LOG_MAX), or answers EINVAL. */
const longestRecord = 8192;
/** A printk storm must not hold up everything else: the rest is read next time. */
const mostAtOnce = 20_000;

/** Undefined where this user may not read it (dmesg_restrict wants CAP_SYSLOG), or it is not there. */
export function openKernelLog(): KernelLog | undefined {
  try {
    const fd = openSync("/dev/kmsg", constants.O_RDONLY | constants.O_NONBLOCK);
    const buffer = Buffer.alloc(longestRecord);
    const bootMs = bootTimeMs();
    return {
      read: () => readRecords(fd, buffer, bootMs),
      close: () => closeSync(fd),
    };
  } catch {
    return undefined;
  }
}

function readRecords(fd: number, buffer: Buffer, bootMs: number): readonly KernelRecord[] {
  const records: KernelRecord[] = [];
  for (let read = 0; read < mostAtOnce; read += 1) {
    const text = readRecord(fd, buffer);
    if (text === undefined) break;
    const record = parseRecord(text, bootMs);
    if (record) records.push(record);
  }
  return records;
}

/** Undefined at the end. EPIPE: what came next was overwritten meanwhile; the next read goes on after the gap. */
function readRecord(fd: number, buffer: Buffer): string | undefined {
  try {
    // Where something else stands in its place, it may have an end.
    return buffer.toString("latin1", 0, readSync(fd, buffer)) || undefined;
  } catch (error) {
    return errnoOf(error) === "EPIPE" ? "" : undefined;
  }
}

/**
 * `level and facility,sequence,microseconds,flags;text`, then lines that begin with a space. Only what the kernel
 * itself says: whoever may write to /dev/kmsg has another facility, which the kernel forces.
 */
export function parseRecord(record: string, bootMs: number): KernelRecord | undefined {
  const match = /^(\d+),\d+,(\d+),[^;]*;([^\n]*)/.exec(record);
  const [, prefix, microseconds, text] = match ?? [];
  if (text === undefined || Number(prefix) >> facilityShift !== 0) return undefined;
  return { atMs: bootMs + Number(microseconds) / 1000, text };
}

/** syslog(2): three bits of level below the facility; 0 is LOG_KERN. */
const facilityShift = 3;

/** What \xNN in a record stood for. */
export function unescapeRecord(text: string): string {
  const bytes = text.replace(/\\x([0-9a-f]{2})/g, (_, hex) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(bytes, "latin1").toString("utf8");
}

/** proc_uptime(5): the log counts from the start of the machine. */
function bootTimeMs(): number {
  return Date.now() - Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]) * 1000;
}
