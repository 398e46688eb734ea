import { type LimitUnit, type LimitValue, limitUnits, type UnitValues } from "./limitUnits.ts";

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
  /** Docker's flag, with the words that the help shows. */
  readonly flag: string;
  readonly argument: string;
  readonly label: string;
  readonly help: string;
}

/** Ranges are the kernel's: sched-bwc.rst (1 ms to 1 s period, 1 ms quota), cgroup-v1/pids.rst. */
export const limitFacts = {
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
    maximum: 1_000_000_000_000,
    key: "cpuQuota",
    flag: "--cpu-quota",
    argument: "MICROSECONDS",
    label: "CPU quota",
    help: "CPU time per period; 20000 is 20 % of 100000",
  },
  memoryBytes: {
    unit: "bytes",
    minimum: 1024 * 1024,
    maximum: Number.MAX_SAFE_INTEGER,
    key: "memory",
    flag: "--memory",
    argument: "BYTES",
    label: "Memory",
    help: "most memory in use at once; suffixes k, m, g",
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
} as const satisfies Record<string, LimitFact>;

export type LimitName = keyof typeof limitFacts;
export type LimitValueOf<N extends LimitName> = UnitValues[(typeof limitFacts)[N]["unit"]];
export type Limits = { readonly [N in LimitName]?: LimitValueOf<N> | undefined };

export const limitNames = Object.keys(limitFacts) as readonly LimitName[];

const defaultCpuPeriodUs = 100_000;

/** Docker's `--cpus N`: N cores' worth of time in each default period. */
export function limitsFromCpus(cpus: number): Limits {
  return { cpuPeriodUs: defaultCpuPeriodUs, cpuQuotaUs: Math.round(cpus * defaultCpuPeriodUs) };
}

/** A value in words for people: `512 MB`, `20000 µs`; undefined is said, too. */
export function formatLimit(name: LimitName, value: LimitValue | undefined): string {
  return value === undefined ? "no limit" : unitOf(name).format(value);
}

/** What a flag's text or a form's field says; undefined when it is malformed. The range is not looked at. */
export function parseLimit<N extends LimitName>(
  name: N,
  text: string,
): LimitValueOf<N> | undefined {
  const unit: LimitUnit<LimitValueOf<N>> = limitUnits[limitFacts[name].unit];
  return unit.parse(text);
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
