import {
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
  const value = fact.unit === "bytes" ? parseBytes(text) : parseInteger(text);
  if (value === undefined || value < fact.minimum || value > fact.maximum) {
    throw new UsageError(
      `${fact.flag} ${text} is out of range`,
      `It must be between ${fact.minimum} and ${fact.maximum} ${fact.unit === "us" ? "microseconds" : fact.unit}.`,
    );
  }
  return value;
}

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
