import type { LimitReading } from "./inventory.ts";
import { type LimitUnit, type LimitValue, limitUnits, type UnitValues } from "./limitUnits.ts";
import { resourceLimitFacts } from "./resourceLimits.ts";

/**
 * The limits that both sides know. One row gives the command-line flag (Docker's name), the unit,
 * the range and the words; helper/limits adds the files of cgroup v1 and v2.
 */
export interface LimitFact {
  /** What a spec counts it in, and so the shape of its value. */
  readonly unit: keyof UnitValues;
  readonly minimum: number;
  readonly maximum: number;
  /** In sandbox.json. */
  readonly key: string;
  /** Docker's flag, or else the kernel's word, with what the help shows. */
  readonly flag: string;
  readonly argument: string;
  readonly label: string;
  readonly help: string;
  /** Of a form's field, which has the limit by itself, where the flag counts it with another. */
  readonly fieldHelp?: string;
  /** Docker has no such flag. */
  readonly own?: true;
  /** How it is said that none is set; "no limit" where this is absent. */
  readonly unset?: string;
}

const most = Number.MAX_SAFE_INTEGER;
const mebibyte = 1024 * 1024;
const mostSeconds = 1_000_000_000_000;

/**
 * Ranges are the kernel's: sched-bwc.rst (1 ms to 1 s period, 1 ms quota), cgroup-v1/pids.rst, or Docker's
 * where it has its own numbers (shares, weights, swappiness).
 */
export const cgroupLimitFacts = {
  cpuPeriodUs: {
    unit: "us",
    minimum: 1_000,
    maximum: 1_000_000,
    key: "cpuPeriod",
    flag: "--cpu-period",
    argument: "MICROSECONDS",
    label: "CPU period",
    help: "length of one accounting period",
  },
  cpuQuotaUs: {
    unit: "us",
    minimum: 1_000,
    maximum: mostSeconds,
    key: "cpuQuota",
    flag: "--cpu-quota",
    argument: "MICROSECONDS",
    label: "CPU quota",
    help: "CPU time per period; 20000 is 20 % of 100000",
  },
  cpuBurstUs: {
    unit: "us",
    minimum: 1,
    maximum: mostSeconds,
    key: "cpuBurst",
    flag: "--cpu-burst",
    argument: "MICROSECONDS",
    label: "CPU burst",
    help: "unused quota that may be saved, quota at most",
    own: true,
    unset: "none",
  },
  cpuIdle: {
    unit: "switch",
    minimum: 0,
    maximum: 1,
    key: "cpuIdle",
    flag: "--cpu-idle",
    argument: "0|1",
    label: "CPU idle",
    help: "with 1 it runs when nobody else wants to",
    own: true,
    unset: "no",
  },
  cpuShares: {
    unit: "count",
    minimum: 2,
    maximum: 262_144,
    key: "cpuShares",
    flag: "--cpu-shares",
    argument: "N",
    label: "CPU shares",
    help: "weight where CPU time is short; usual is 1024",
    unset: "1024 by default",
  },
  cpusetCpus: {
    unit: "list",
    minimum: 0,
    maximum: 8191,
    key: "cpusetCpus",
    flag: "--cpuset-cpus",
    argument: "LIST",
    label: "Processors",
    help: "processors that it may use, as 0-1,3",
    unset: "as its parent",
  },
  cpusetMems: {
    unit: "list",
    minimum: 0,
    maximum: 8191,
    key: "cpusetMems",
    flag: "--cpuset-mems",
    argument: "LIST",
    label: "Memory nodes",
    help: "memory nodes that it may use, as 0",
    unset: "as its parent",
  },
  memoryBytes: {
    unit: "bytes",
    minimum: mebibyte,
    maximum: most,
    key: "memory",
    flag: "--memory",
    argument: "BYTES",
    label: "Memory",
    help: "most memory in use at once; suffixes k, m, g",
  },
  memoryHighBytes: {
    unit: "bytes",
    minimum: mebibyte,
    maximum: most,
    key: "memoryHigh",
    flag: "--memory-high",
    argument: "BYTES",
    label: "Memory high",
    help: "above it, it is slowed and reclaimed from",
    own: true,
  },
  memoryLowBytes: {
    unit: "bytes",
    minimum: mebibyte,
    maximum: most,
    key: "memoryReservation",
    flag: "--memory-reservation",
    argument: "SIZE",
    label: "Memory reservation",
    help: "up to here, others are reclaimed from first",
    unset: "none",
  },
  memoryMinBytes: {
    unit: "bytes",
    minimum: mebibyte,
    maximum: most,
    key: "memoryMin",
    flag: "--memory-min",
    argument: "BYTES",
    label: "Memory minimum",
    help: "up to here, nothing is reclaimed from it",
    own: true,
    unset: "none",
  },
  swapBytes: {
    unit: "bytes",
    minimum: 0,
    maximum: most,
    key: "memorySwap",
    flag: "--memory-swap",
    argument: "BYTES",
    label: "Swap",
    help: "memory and swap together; needs --memory",
    fieldHelp: "most swap in use at once, beside the memory",
  },
  swappiness: {
    unit: "count",
    minimum: 0,
    maximum: 100,
    key: "memorySwappiness",
    flag: "--memory-swappiness",
    argument: "N",
    label: "Swappiness",
    help: "how readily it is swapped out, 0 to 100",
    unset: "as its parent",
  },
  oomGroup: {
    unit: "switch",
    minimum: 0,
    maximum: 1,
    key: "oomGroup",
    flag: "--oom-group",
    argument: "0|1",
    label: "OOM group",
    help: "with 1 all is killed when memory runs out",
    own: true,
    unset: "no",
  },
  pidsMax: {
    unit: "count",
    minimum: 1,
    maximum: 4_194_304,
    key: "pids",
    flag: "--pids-limit",
    argument: "N",
    label: "Processes",
    help: "most processes and threads at once",
  },
  ioWeight: {
    unit: "count",
    minimum: 10,
    maximum: 1000,
    key: "ioWeight",
    flag: "--blkio-weight",
    argument: "N",
    label: "I/O weight",
    help: "weight where a disk is busy, 10 to 1000",
    unset: "the default",
  },
  ioReadBytes: {
    unit: "bytesPerSecond",
    minimum: 1,
    maximum: most,
    key: "io.readBytesPerSecond",
    flag: "--device-read-bps",
    argument: "DEV:N",
    label: "Read rate",
    help: "bytes per second, as /dev/sda:10m",
  },
  ioWriteBytes: {
    unit: "bytesPerSecond",
    minimum: 1,
    maximum: most,
    key: "io.writeBytesPerSecond",
    flag: "--device-write-bps",
    argument: "DEV:N",
    label: "Write rate",
    help: "bytes per second, as /dev/sda:10m",
  },
  ioReadOps: {
    unit: "operationsPerSecond",
    minimum: 1,
    maximum: 4_294_967_294,
    key: "io.readOperationsPerSecond",
    flag: "--device-read-iops",
    argument: "DEV:N",
    label: "Read operations",
    help: "reads per second, as /dev/sda:100",
  },
  ioWriteOps: {
    unit: "operationsPerSecond",
    minimum: 1,
    maximum: 4_294_967_294,
    key: "io.writeOperationsPerSecond",
    flag: "--device-write-iops",
    argument: "DEV:N",
    label: "Write operations",
    help: "writes per second, as /dev/sda:100",
  },
  hugetlbBytes: {
    unit: "hugePages",
    minimum: 0,
    maximum: most,
    key: "hugepageLimits.limit",
    flag: "--hugetlb",
    argument: "SIZE:BYTES",
    label: "Huge pages",
    help: "most of one size in use at once, as 2MB:64m",
    own: true,
  },
  netRateUp: {
    unit: "rate",
    minimum: 1_000,
    maximum: 12_500_000_000,
    key: "netRateUp",
    flag: "--net-rate-up",
    argument: "RATE",
    label: "Network up",
    help: "most that it sends a second, as 10mbit or 1.2m",
    own: true,
  },
  netRateDown: {
    unit: "rate",
    minimum: 1_000,
    maximum: 12_500_000_000,
    key: "netRateDown",
    flag: "--net-rate-down",
    argument: "RATE",
    label: "Network down",
    help: "most that it is sent a second, as 10mbit",
    own: true,
  },
} as const satisfies Record<string, LimitFact>;

/** Those of cgroups, and of each process. */
export const limitFacts = { ...cgroupLimitFacts, ...resourceLimitFacts } as const;

export type CgroupLimitName = keyof typeof cgroupLimitFacts;
export type LimitName = keyof typeof limitFacts;
export type LimitValueOf<N extends LimitName> = UnitValues[(typeof limitFacts)[N]["unit"]];
/** Of a sandbox's cgroups: what a spec calls its limits. Those of its processes are its ulimits. */
export type Limits = { readonly [N in CgroupLimitName]?: LimitValueOf<N> | undefined };

export const cgroupLimitNames = Object.keys(cgroupLimitFacts) as readonly CgroupLimitName[];
export const limitNames = Object.keys(limitFacts) as readonly LimitName[];

const defaultCpuPeriodUs = 100_000;

/** Docker's `--cpus N`: N cores' worth of time in each default period. */
export function limitsFromCpus(cpus: number): Limits {
  return { cpuPeriodUs: defaultCpuPeriodUs, cpuQuotaUs: Math.round(cpus * defaultCpuPeriodUs) };
}

/** Docker's and OCI's `memory-swap` is memory and swap together; undefined where it is less than the memory. */
export function swapFromSum(memoryBytes: number, sumBytes: number): number | undefined {
  return sumBytes < memoryBytes ? undefined : sumBytes - memoryBytes;
}

/** What stands below a field's label. */
export function fieldHelp(name: LimitName): string {
  const { help, fieldHelp: own = help }: LimitFact = limitFacts[name];
  return own;
}

/** A value in words for people: `512 MB`, `20000 µs`; undefined is said, too. */
export function formatLimit(name: LimitName, value: LimitValue | undefined): string {
  const { unset = "no limit" }: LimitFact = limitFacts[name];
  return value === undefined ? unset : unitOf(name).format(value);
}

/** A limit that is set, or one whose absence matters to whoever looks over a sandbox. */
export function isTelling({ limit, value }: Pick<LimitReading, "limit" | "value">): boolean {
  return value !== undefined || ["cpuQuotaUs", "memoryBytes", "pidsMax"].includes(limit);
}

/** A value as `parseLimit` takes it. */
export function spellLimit(name: LimitName, value: LimitValue): string {
  return unitOf(name).spell(value);
}

/** What a flag's text or a form's field says; undefined when it is malformed. The range is not looked at. */
export function parseLimit(name: LimitName, text: string): LimitValue | undefined {
  return unitOf(name).parse(text);
}

export function isInRange(name: LimitName, value: LimitValue): boolean {
  const { minimum, maximum } = limitFacts[name];
  return unitOf(name)
    .numbers(value)
    .every((number) => number >= minimum && number <= maximum);
}

export function unitOf(name: LimitName): LimitUnit {
  return limitUnits[limitFacts[name].unit];
}
