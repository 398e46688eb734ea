/**
 * The limits that both sides know. One row gives the command-line flag (Docker's name), the unit,
 * the range and the words; helper/limits adds the files of cgroup v1 and v2.
 */
export interface LimitFact {
  /** Unit of the number in a spec: `us` microseconds, `bytes`, `count`. */
  readonly unit: "us" | "bytes" | "count";
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
export type Limits = { readonly [name in LimitName]?: number | undefined };

export const limitNames = Object.keys(limitFacts) as readonly LimitName[];

const defaultCpuPeriodUs = 100_000;

/** Docker's `--cpus N`: N cores' worth of time in each default period. */
export function limitsFromCpus(cpus: number): Limits {
  return { cpuPeriodUs: defaultCpuPeriodUs, cpuQuotaUs: Math.round(cpus * defaultCpuPeriodUs) };
}

/** `512m`, `1g`, `1048576` to bytes; undefined when it is no size. */
export function parseBytes(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)([bkmgt]?)$/i.exec(text.trim());
  if (!match) return undefined;
  const power = "bkmgt".indexOf((match[2] || "b").toLowerCase());
  return Math.floor(Number(match[1]) * 1024 ** power);
}

/** Bytes in words for people: `41 MB`. Binary multiples, as Docker's `-m 41m` and `free` count. */
export function formatBytes(bytes: number): string {
  const units = ["B", "KB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = value < 10 && unit > 0 ? 1 : 0;
  return `${value.toFixed(digits).replace(/\.0$/, "")} ${units[unit]}`;
}
