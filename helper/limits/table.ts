import type { LimitName } from "../protocol/limits.ts";

/** How one limit is read and written in one version of cgroups. */
export interface LimitFile {
  readonly file: string;
  /** Undefined: the file says that there is no limit. */
  parse(text: string): number | undefined;
  /** The file holds another limit as well, so what to write depends on its text now. */
  readonly shared?: true;
  /** What to write. `current` is the text of a shared file now. */
  format(value: number, current: string): string;
}

export interface LimitRow {
  readonly limit: LimitName;
  readonly controller: "cpu" | "memory" | "pids";
  readonly v1: LimitFile;
  readonly v2: LimitFile;
  /** The kernel rounds the value down to a multiple of at most this: a page, 64 KiB on some aarch64 kernels. */
  readonly granularity: number;
}

/** PAGE_COUNTER_MAX in bytes is just below 2^63; page sizes move it a little, never below this. */
const noMemoryLimit = 2 ** 62;

const plain: Pick<LimitFile, "parse" | "format"> = {
  parse: (text) => parseNumber(text),
  format: (value) => String(value),
};

/**
 * Every limit of helper/protocol/limits.ts with its files: cgroup-v2.rst, sched-bwc.rst,
 * cgroup-v1/memory.rst, cgroup-v1/pids.rst. The order is the order of writes: period before quota,
 * because the quota's smallest value and a parent's bound are judged against the period.
 */
export const limitTable: readonly LimitRow[] = [
  {
    limit: "cpuPeriodUs",
    controller: "cpu",
    v1: { file: "cpu.cfs_period_us", ...plain },
    v2: {
      file: "cpu.max",
      shared: true,
      parse: (text) => parseNumber(word(text, 1)),
      format: (value, current) => `${word(current, 0) || "max"} ${value}`,
    },
    granularity: 1,
  },
  {
    limit: "cpuQuotaUs",
    controller: "cpu",
    // -1 is "no quota"; it has a sign, so it is no number here.
    v1: { file: "cpu.cfs_quota_us", ...plain },
    v2: {
      file: "cpu.max",
      shared: true,
      parse: (text) => parseNumber(word(text, 0)),
      format: (value, current) => `${value} ${word(current, 1) || "100000"}`,
    },
    granularity: 1,
  },
  {
    limit: "memoryBytes",
    controller: "memory",
    v1: { file: "memory.limit_in_bytes", ...plain, parse: parseMemory },
    v2: { file: "memory.max", ...plain },
    granularity: 65_536,
  },
  {
    limit: "pidsMax",
    controller: "pids",
    v1: { file: "pids.max", ...plain },
    v2: { file: "pids.max", ...plain },
    granularity: 1,
  },
];

/** Where the memory in use stands. */
export const memoryUsageFile = { 1: "memory.usage_in_bytes", 2: "memory.current" } as const;

/** The kernel holds what was asked, but for its rounding. */
export function isInForce(row: LimitRow, asked: number, held: number | undefined): boolean {
  return held !== undefined && held <= asked && asked - held < row.granularity;
}

/** A count without a sign; `max`, `-1` and anything else are no number. */
export function parseNumber(text: string): number | undefined {
  const trimmed = text.trim();
  return /^\d{1,20}$/.test(trimmed) ? Number(trimmed) : undefined;
}

function parseMemory(text: string): number | undefined {
  const bytes = parseNumber(text);
  return bytes !== undefined && bytes < noMemoryLimit ? bytes : undefined;
}

function word(text: string, index: number): string {
  return text.trim().split(/\s+/)[index] ?? "";
}
