import {
  formatBytes,
  type LimitFact,
  type LimitName,
  type Limits,
  limitFacts,
  limitNames,
  limitsFromCpus,
  parseBytes,
} from "../../protocol/limits.ts";
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
      (text): Part => ({ limits: { [name]: readLimit(fact, text) } }),
    );
  }),
];

function readLimit(fact: LimitFact, text: string): number {
  const { example, parse, range } = units[fact.unit];
  const value = parse(text);
  if (value === undefined) {
    throw new UsageError(`${fact.flag} ${text} is malformed`, `It is written ${example}.`);
  }
  if (value < fact.minimum || value > fact.maximum) {
    throw new UsageError(`${fact.flag} ${text} is out of range`, `It must be ${range(fact)}.`);
  }
  return value;
}

interface Unit {
  readonly parse: (text: string) => number | undefined;
  readonly example: string;
  readonly range: (fact: LimitFact) => string;
}

/** How a number of each unit is written here, and how its bounds are said. */
const units: Readonly<Record<LimitFact["unit"], Unit>> = {
  us: {
    parse: parseInteger,
    example: "as a whole number of microseconds",
    range: ({ minimum, maximum }) => `between ${minimum} and ${maximum} microseconds`,
  },
  // Its upper bound is that of exact numbers in JavaScript: nothing that a machine could have.
  bytes: {
    parse: parseBytes,
    example: "in bytes, or as 64m or 1.5g",
    range: ({ minimum }) => `${formatBytes(minimum)} or more`,
  },
  count: {
    parse: parseInteger,
    example: "as a whole number",
    range: ({ minimum, maximum }) => `between ${minimum} and ${maximum}`,
  },
};

function parseInteger(text: string): number | undefined {
  return /^\d+$/.test(text) ? Number(text) : undefined;
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
