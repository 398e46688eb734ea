import {
  isInRange,
  type LimitName,
  type Limits,
  limitFacts,
  limitNames,
  limitsFromCpus,
  unitOf,
} from "../../protocol/limits.ts";
import type { LimitValue } from "../../protocol/limitUnits.ts";
import { UsageError } from "../usage.ts";
import { type Flag, flag } from "./row.ts";

type Part = { readonly limits: Limits };

/** Docker also has a letter for memory. */
const shortFlags: Partial<Record<LimitName, string>> = { memoryBytes: "m" };

/** One flag per row of the limit table, and Docker's `--cpus`. */
export const limitFlags: readonly Flag<Part>[] = [
  flag(
    "--cpus N",
    "cores' worth of CPU time, 0.2 is 20 % of one",
    (text): Part => ({ limits: limitsFromCpus(readCpus(text)) }),
    { from: ["cpu-period", "cpu-quota"], because: "They set the same limit." },
  ),
  ...limitNames.map((name) => {
    const fact = limitFacts[name];
    const short = shortFlags[name];
    const spelled = `${fact.flag} ${fact.argument}` as const;
    return flag(
      short ? `-${short}, ${spelled}` : spelled,
      fact.help,
      (text): Part => ({ limits: { [name]: readLimit(name, text) } }),
    );
  }),
];

function readLimit(name: LimitName, text: string): LimitValue {
  const { flag: spelled, minimum, maximum } = limitFacts[name];
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
