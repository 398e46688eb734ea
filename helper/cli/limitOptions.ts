import {
  formatBytes,
  type LimitFact,
  type LimitName,
  type Limits,
  limitFacts,
  limitNames,
  limitsFromCpus,
  parseBytes,
} from "../protocol/limits.ts";
import { lastValue, type Option, type ParsedArguments } from "./options.ts";
import { UsageError } from "./usage.ts";

/** Docker also has a letter for memory. */
const shortFlags: Partial<Record<LimitName, string>> = { memoryBytes: "m" };

const cpusOption: Option = {
  name: "cpus",
  argument: "N",
  help: "cores' worth of CPU time, 0.2 is 20 % of one",
};

/** One option per row of the limit table, and Docker's `--cpus`. */
export const limitOptions: readonly Option[] = [
  cpusOption,
  ...limitNames.map((name): Option => {
    const { argument, help } = limitFacts[name];
    const short = shortFlags[name];
    return { name: flagName(name), argument, help, ...(short ? { short } : {}) };
  }),
];

/** The limits that were asked for, in the units of a spec. */
export function parseLimits(parsed: ParsedArguments): Limits {
  const cpus = lastValue(parsed, cpusOption.name);
  const set = limitNames.flatMap((name) => {
    const text = lastValue(parsed, flagName(name));
    return text === undefined ? [] : [[name, parseLimit(limitFacts[name], text)] as const];
  });
  const named: Limits = Object.fromEntries(set);
  if (cpus === undefined) return named;
  if (named.cpuPeriodUs !== undefined || named.cpuQuotaUs !== undefined) {
    throw new UsageError(
      "--cpus cannot stand beside --cpu-period or --cpu-quota",
      "They set the same limit.",
    );
  }
  return { ...named, ...limitsFromCpus(parseCpus(cpus)) };
}

function flagName(name: LimitName): string {
  return limitFacts[name].flag.replace(/^--/, "");
}

function parseLimit(fact: LimitFact, text: string): number {
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

function parseCpus(text: string): number {
  const cpus = /^\d+(\.\d+)?$/.test(text) ? Number(text) : 0;
  if (cpus < 0.01 || cpus > 10_000) {
    throw new UsageError(
      `--cpus ${text} is out of range`,
      "It must be a number of cores from 0.01 up.",
    );
  }
  return cpus;
}
