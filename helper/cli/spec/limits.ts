import {
  type CgroupLimitName,
  cgroupLimitFacts,
  cgroupLimitNames,
  isInRange,
  type Limits,
  limitsFromCpus,
  swapFromSum,
  unitOf,
} from "../../protocol/limits.ts";
import type { LimitChanges } from "../../protocol/limitsReport.ts";
import type { LimitValue } from "../../protocol/limitUnits.ts";
import { ulimitNames } from "../../protocol/privileges.ts";
import { resourceLimitOf } from "../../protocol/resourceLimits.ts";
import { lastValue, type ParsedArguments } from "../options.ts";
import { UsageError } from "../usage.ts";
import { type Flag, flag } from "./row.ts";
import { readUlimit } from "./values.ts";

type Part = { readonly limits: Limits };

/** Docker also has a letter for memory. */
const shortFlags: Partial<Record<CgroupLimitName, string>> = { memoryBytes: "m" };

/** One flag per row of the limit table, and Docker's `--cpus`. */
export const limitFlags: readonly Flag<Part>[] = [
  flag(
    "--cpus N",
    "cores' worth of CPU time, 0.2 is 20 % of one",
    (text): Part => ({ limits: limitsFromCpus(readCpus(text)) }),
    { from: ["cpu-period", "cpu-quota"], because: "They set the same limit." },
  ),
  ...cgroupLimitNames.map((name) => {
    const fact = cgroupLimitFacts[name];
    const short = shortFlags[name];
    const spelled = `${fact.flag} ${fact.argument}` as const;
    const read = name === "swapBytes" ? readSwap : (text: string) => readLimit(name, text);
    return flag(
      short ? `-${short}, ${spelled}` : spelled,
      fact.help,
      (text, _spelled, beside): Part => ({ limits: { [name]: read(text, beside) } }),
    );
  }),
];

type ChangePart = { readonly limits: LimitChanges };

/** The same for limits that are there already: `none` and Docker's -1 take one away. */
export const limitChangeFlags: readonly Flag<ChangePart>[] = [
  ...limitFlags.map((one) => ({
    ...one,
    read: (text: string, spelled: string, beside: ParsedArguments): ChangePart =>
      text === "none" || text === "-1" ? { limits: without(one) } : one.read(text, spelled, beside),
  })),
  flag(
    "--ulimit NAME=SOFT[:HARD]",
    "of each process, as nofile=1024 (prlimit(2))",
    (text, spelled): ChangePart => ({ limits: readResourceLimit(text, spelled) }),
  ),
];

function readResourceLimit(text: string, spelled: string): LimitChanges {
  const ulimits = readUlimit(text, spelled);
  const entries = ulimitNames.flatMap((name) => {
    const { soft, hard } = ulimits[name] ?? {};
    return soft === undefined ? [] : [[resourceLimitOf(name), `${soft}:${hard}`] as const];
  });
  return Object.fromEntries(entries);
}

function without({ name: flagName }: Flag<Part>): LimitChanges {
  const limit = cgroupLimitNames.find((name) => cgroupLimitFacts[name].flag === `--${flagName}`);
  return { [limit ?? "cpuQuotaUs"]: null };
}

function readLimit(name: CgroupLimitName, text: string): LimitValue {
  const { flag: spelled, minimum, maximum } = cgroupLimitFacts[name];
  const unit = unitOf(name);
  const value = unit.parse(text);
  if (value === undefined) {
    throw new UsageError(`${spelled} ${text} is malformed`, `It is written ${unit.example}.`);
  }
  if (isInRange(name, value)) return value;
  throw new UsageError(
    `${spelled} ${text} is out of range`,
    `It must be ${unit.range(minimum, maximum)}.`,
  );
}

/** Docker's is the sum of both, and -1 bounds memory alone. */
function readSwap(text: string, beside: ParsedArguments): LimitValue | undefined {
  if (text === "-1") return undefined;
  const memory = lastValue(beside, "memory");
  const { flag: spelled } = cgroupLimitFacts.swapBytes;
  if (memory === undefined) {
    throw new UsageError(
      `${spelled} needs --memory`,
      "It is memory and swap together, as in Docker.",
    );
  }
  const swap = swapFromSum(
    Number(readLimit("memoryBytes", memory)),
    Number(readLimit("swapBytes", text)),
  );
  if (swap !== undefined) return swap;
  throw new UsageError(
    `${spelled} ${text} is less than --memory ${memory}`,
    "It is memory and swap together: the same for no swap.",
  );
}

function readCpus(text: string): number {
  const cpus = /^\d+(\.\d+)?$/.test(text) ? Number(text) : 0;
  if (cpus < 0.01 || cpus > 10_000) {
    throw new UsageError(
      `--cpus ${text} is out of range`,
      "It must be a number of cores from 0.01 up.",
    );
  }
  return cpus;
}
