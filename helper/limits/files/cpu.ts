import { type CgroupFiles, type LimitFile, standing } from "./limitFile.ts";
import { number, parseNumber } from "./numbers.ts";

export const defaultPeriodUs = "100000";
const defaultShares = 1024;
const defaultWeight = "100";

/** `QUOTA PERIOD` of version 2: one file for two limits, each written with what the other is. */
export function cpuMax(field: "quota" | "period"): LimitFile<number> {
  const file = "cpu.max";
  const now = (files: CgroupFiles): Record<"quota" | "period", string> => {
    const [quota = "max", period = defaultPeriodUs] = files.read(file)?.trim().split(" ") ?? [];
    return { quota, period };
  };
  const unset = field === "quota" ? "max" : defaultPeriodUs;
  return {
    ...standing(file),
    read: (files) => (files.read(file) === undefined ? undefined : parseNumber(now(files)[field])),
    writes: (value, files) => {
      const { quota, period } = Object.assign(now(files), { [field]: `${value ?? unset}` });
      return [{ file, text: `${quota} ${period}` }];
    },
  };
}

/** Of an idle cgroup the kernel shows 3, and takes no other: sched_group_set_shares() in kernel/sched/fair.c. */
export const cpuShares: LimitFile<number> = {
  ...number("cpu.shares", `${defaultShares}`),
  read: (files) => (isIdle(files) ? undefined : parseNumber(files.read("cpu.shares") ?? "")),
  isUnset: (shares) => shares === defaultShares,
};

/** Version 2 weighs from 1 to 10000, with 100 for what 1024 shares are. */
export const cpuWeight: LimitFile<number> = {
  ...standing("cpu.weight"),
  read: (files) => {
    const weight = parseNumber(files.read("cpu.weight") ?? "");
    return weight === undefined || isIdle(files) ? undefined : sharesOfWeight(weight);
  },
  writes: (shares) => [
    {
      file: "cpu.weight",
      text: shares === undefined ? defaultWeight : `${weightOfShares(shares)}`,
    },
  ],
  isUnset: (shares) => shares === defaultShares,
  round: (shares) => sharesOfWeight(weightOfShares(shares)),
};

function isIdle(files: CgroupFiles): boolean {
  return files.read("cpu.idle")?.trim() === "1";
}

/** The formula of runc and crun since 2025 (opencontainers/cgroups): 2, 1024 and 262144 become 1, 100 and 10000. */
export function weightOfShares(shares: number): number {
  const log = Math.log2(shares);
  const exponent = (log * log + 125 * log) / 612 - 7 / 34;
  // A hair below a whole number is that number: ceil(100.00000000000001) would be 101.
  return Math.min(10_000, Math.max(1, Math.ceil(10 ** exponent - 1e-9)));
}

/** The most shares that have this weight: many have the same. */
export function sharesOfWeight(weight: number): number {
  const exponent = Math.log10(Math.max(1, weight)) + 7 / 34;
  const log = (-125 + Math.sqrt(125 * 125 + 4 * 612 * exponent)) / 2;
  return Math.floor(2 ** log + 1e-6);
}
