import { type LimitName, type LimitValueOf, limitNames } from "../protocol/limits.ts";
import type { LimitValue } from "../protocol/limitUnits.ts";
import { type LimitFile, type NoSuchLimit, number, parseNumber, standing } from "./limitFile.ts";

export type Controller = "cpu" | "memory" | "pids";

/** What one limit is in both versions of cgroups. */
interface LimitFiles<V extends LimitValue> {
  readonly controller: Controller;
  readonly v1: LimitFile<V> | NoSuchLimit;
  readonly v2: LimitFile<V> | NoSuchLimit;
  /**
   * How the kernel puts it together with those of the cgroups above: the `least` number holds, or what leaves
   * the fewest `processors` (quota and period, as one).
   */
  readonly effective: "least" | "processors";
  /** The kernel rounds the value down to a multiple of at most this: a page, 64 KiB on some aarch64 kernels. */
  readonly granularity?: number;
}

export interface LimitRow extends LimitFiles<LimitValue> {
  readonly limit: LimitName;
}

const page = 65_536;

/** PAGE_COUNTER_MAX in bytes is just below 2^63; page sizes move it a little, never below this. */
const noMemoryLimit = 2 ** 62;

const defaultPeriodUs = "100000";

/** cgroup-v2.rst, sched-bwc.rst, cgroup-v1/memory.rst, cgroup-v1/pids.rst. */
const limitFiles: { readonly [N in LimitName]: LimitFiles<LimitValueOf<N>> } = {
  cpuPeriodUs: {
    controller: "cpu",
    v1: number("cpu.cfs_period_us", defaultPeriodUs),
    v2: cpuMax(1),
    effective: "processors",
  },
  cpuQuotaUs: {
    controller: "cpu",
    // -1 is "no quota"; it has a sign, so it is no number here.
    v1: number("cpu.cfs_quota_us", "-1"),
    v2: cpuMax(0),
    effective: "processors",
  },
  memoryBytes: {
    controller: "memory",
    v1: number("memory.limit_in_bytes", "-1", parseMemory),
    v2: number("memory.max", "max"),
    effective: "least",
    granularity: page,
  },
  pidsMax: {
    controller: "pids",
    v1: number("pids.max", "max"),
    v2: number("pids.max", "max"),
    effective: "least",
  },
};

/** Every limit of helper/protocol/limits.ts with its files. */
export const limitTable: readonly LimitRow[] = limitNames.map((limit) => ({
  limit,
  ...limitFiles[limit],
}));

/** Where the memory in use stands. */
export const memoryUsageFile = { 1: "memory.usage_in_bytes", 2: "memory.current" } as const;

/** The kernel holds what was asked, but for its rounding. */
export function isInForce(
  { granularity = 1 }: LimitRow,
  asked: LimitValue,
  held: LimitValue | undefined,
): boolean {
  if (typeof asked !== "number" || typeof held !== "number") return asked === held;
  return held <= asked && asked - held < granularity;
}

/** `QUOTA PERIOD`: one file for two limits, each written with what the other is. */
function cpuMax(field: 0 | 1): LimitFile<number> {
  const file = "cpu.max";
  const unset = field === 0 ? "max" : defaultPeriodUs;
  return {
    ...standing(file),
    read: (files) => parseNumber((files.read(file) ?? "").split(" ")[field] ?? ""),
    writes: (value, files) => {
      const [quota = "max", period = defaultPeriodUs] = files.read(file)?.trim().split(" ") ?? [];
      const text = value === undefined ? unset : `${value}`;
      return [{ file, text: field === 0 ? `${text} ${period}` : `${quota} ${text}` }];
    },
  };
}

function parseMemory(text: string): number | undefined {
  const bytes = parseNumber(text);
  return bytes !== undefined && bytes < noMemoryLimit ? bytes : undefined;
}
