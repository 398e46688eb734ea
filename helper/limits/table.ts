import { isDeepStrictEqual } from "node:util";
import {
  type CgroupLimitName,
  cgroupLimitNames,
  type LimitName,
  type LimitValueOf,
} from "../protocol/limits.ts";
import type { LimitValue } from "../protocol/limitUnits.ts";
import { resourceLimitFacts, resourceLimitNames } from "../protocol/resourceLimits.ts";
import { cpuMax, cpuShares, cpuWeight, defaultPeriodUs } from "./files/cpu.ts";
import { inheritedList, ownList } from "./files/cpuset.ts";
import { defaultWeight, ioMax, ioWeight, throttle, weight } from "./files/devices.ts";
import { hugetlb } from "./files/hugetlb.ts";
import { either, type LimitFile, type NoSuchLimit } from "./files/limitFile.ts";
import { type Direction, linkController, linkFile } from "./files/link.ts";
import { memoryOfVersion1, page, parseMemory, swapOfVersion1 } from "./files/memory.ts";
import { inherited, number, numberOr } from "./files/numbers.ts";
import { resourceLimit } from "./files/process.ts";
import { processController } from "./processes.ts";

/** Version 2's names. */
export type Controller =
  | "cpu"
  | "cpuset"
  | "memory"
  | "pids"
  | "io"
  | "hugetlb"
  | typeof linkController
  | typeof processController;

/**
 * How the kernel puts a limit together with those of the cgroups above: the `least` number holds, of `each`
 * device by itself, or what leaves the fewest `processors` (quota and period, as one). A `protection` is no
 * more than what the cgroup above has. The `nearest` that sets it is the one, or it is its `own` alone.
 */
export type EffectiveRule = "least" | "each" | "processors" | "protection" | "nearest" | "own";

/** A link is in no hierarchy: it has its rates, whichever version the cgroups are of. */
function linkRate(direction: Direction) {
  const file = number(linkFile[direction], "max");
  return { v1: file, v2: file };
}

/** What one limit is in both versions of cgroups. */
interface LimitFiles<V extends LimitValue> {
  readonly controller: Controller;
  readonly v1: LimitFile<V> | NoSuchLimit;
  readonly v2: LimitFile<V> | NoSuchLimit;
  readonly effective: EffectiveRule;
  /** The kernel may hold less, but by less than this. */
  readonly granularity?: number;
  /** The kernel, or version 1's sum, may change these as well. */
  readonly moves?: readonly LimitName[];
}

export interface LimitRow extends LimitFiles<LimitValue> {
  readonly limit: LimitName;
}

export interface CgroupLimitRow extends LimitRow {
  readonly limit: CgroupLimitName;
}

/**
 * cgroup-v2.rst, sched-bwc.rst; in cgroup-v1/ memory.rst, pids.rst, cpusets.rst, blkio-controller.rst,
 * hugetlb.rst. In each, undefined is written as the kernel's own word for none.
 */
const limitFiles: { readonly [N in CgroupLimitName]: LimitFiles<LimitValueOf<N>> } = {
  cpuPeriodUs: {
    controller: "cpu",
    effective: "processors",
    v1: number("cpu.cfs_period_us", defaultPeriodUs),
    v2: cpuMax("period"),
  },
  cpuQuotaUs: {
    controller: "cpu",
    effective: "processors",
    // -1 is "no quota"; it has a sign, so it is no number here.
    v1: number("cpu.cfs_quota_us", "-1"),
    v2: cpuMax("quota"),
  },
  cpuBurstUs: {
    controller: "cpu",
    effective: "own",
    v1: numberOr(0, "cpu.cfs_burst_us"),
    v2: numberOr(0, "cpu.max.burst"),
  },
  // Before the shares: while it is idle the kernel refuses any.
  cpuIdle: {
    controller: "cpu",
    effective: "own",
    v1: numberOr(0, "cpu.idle"),
    v2: numberOr(0, "cpu.idle"),
    moves: ["cpuShares"],
  },
  cpuShares: { controller: "cpu", effective: "own", v1: cpuShares, v2: cpuWeight },
  cpusetCpus: {
    controller: "cpuset",
    effective: "nearest",
    v1: ownList("cpuset.cpus"),
    v2: inheritedList("cpuset.cpus"),
  },
  cpusetMems: {
    controller: "cpuset",
    effective: "nearest",
    v1: ownList("cpuset.mems"),
    v2: inheritedList("cpuset.mems"),
  },
  memoryBytes: {
    controller: "memory",
    effective: "least",
    v1: memoryOfVersion1,
    v2: number("memory.max", "max"),
    granularity: page,
    moves: ["swapBytes"],
  },
  memoryHighBytes: {
    controller: "memory",
    effective: "least",
    v1: { reason: "cgroup v1 has no limit that only slows; a memory reservation is the nearest" },
    v2: number("memory.high", "max"),
    granularity: page,
  },
  memoryLowBytes: {
    controller: "memory",
    effective: "protection",
    v1: number("memory.soft_limit_in_bytes", "-1", parseMemory),
    v2: numberOr(0, "memory.low"),
    granularity: page,
  },
  memoryMinBytes: {
    controller: "memory",
    effective: "protection",
    v1: { reason: "cgroup v1 keeps no memory from being reclaimed" },
    v2: numberOr(0, "memory.min"),
    granularity: page,
  },
  swapBytes: {
    controller: "memory",
    effective: "least",
    v1: swapOfVersion1,
    v2: number("memory.swap.max", "max"),
    granularity: 2 * page,
  },
  swappiness: {
    controller: "memory",
    effective: "nearest",
    v1: inherited("memory.swappiness"),
    v2: { reason: "in cgroup v2 the whole machine has one, /proc/sys/vm/swappiness" },
  },
  oomGroup: {
    controller: "memory",
    effective: "own",
    v1: { reason: "cgroup v1 ends one process at a time when memory runs out" },
    v2: numberOr(0, "memory.oom.group"),
  },
  pidsMax: {
    controller: "pids",
    effective: "least",
    v1: number("pids.max", "max"),
    v2: number("pids.max", "max"),
  },
  ioWeight: {
    controller: "io",
    effective: "own",
    v1: either(weight("blkio.weight", 500), weight("blkio.bfq.weight", 100)),
    v2: either(ioWeight, defaultWeight("io.bfq.weight", 100)),
  },
  ioReadBytes: {
    controller: "io",
    effective: "each",
    v1: throttle("blkio.throttle.read_bps_device"),
    v2: ioMax("rbps"),
  },
  ioWriteBytes: {
    controller: "io",
    effective: "each",
    v1: throttle("blkio.throttle.write_bps_device"),
    v2: ioMax("wbps"),
  },
  ioReadOps: {
    controller: "io",
    effective: "each",
    v1: throttle("blkio.throttle.read_iops_device"),
    v2: ioMax("riops"),
  },
  ioWriteOps: {
    controller: "io",
    effective: "each",
    v1: throttle("blkio.throttle.write_iops_device"),
    v2: ioMax("wiops"),
  },
  hugetlbBytes: {
    controller: "hugetlb",
    effective: "each",
    v1: hugetlb("limit_in_bytes", "-1"),
    v2: hugetlb("max", "max"),
  },
  netRateUp: { controller: linkController, effective: "own", ...linkRate("up") },
  netRateDown: { controller: linkController, effective: "own", ...linkRate("down") },
};

/** A process has them itself: nothing above it counts, and no version of cgroups. */
const resourceRows = resourceLimitNames.map((limit): LimitRow => {
  const file = resourceLimit(resourceLimitFacts[limit].resource);
  return { limit, controller: processController, effective: "own", v1: file, v2: file };
});

export const cgroupRows: readonly CgroupLimitRow[] = cgroupLimitNames.map((limit) => ({
  limit,
  ...limitFiles[limit],
}));

/** Every limit of helper/protocol/limits.ts with its files, in the order in which they are written first. */
export const limitTable: readonly LimitRow[] = [...cgroupRows, ...resourceRows];

/** Where the memory in use stands. */
export const memoryUsageFile = { 1: "memory.usage_in_bytes", 2: "memory.current" } as const;

/** The name of a row's controller among those of a hierarchy. */
export function controllerName({ controller }: Pick<LimitRow, "controller">, version: 1 | 2) {
  return version === 1 && controller === "io" ? "blkio" : controller;
}

/** The kernel holds what was asked, but for its rounding. */
export function isInForce(
  { granularity = 1 }: Pick<LimitRow, "granularity">,
  asked: LimitValue,
  held: LimitValue | undefined,
): boolean {
  if (typeof asked === "number" && typeof held === "number") {
    return held <= asked && asked - held < granularity;
  }
  return isDeepStrictEqual(asked, held);
}
