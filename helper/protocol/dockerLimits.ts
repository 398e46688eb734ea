import {
  type CgroupLimitName,
  cgroupLimitNames,
  type LimitFact,
  type Limits,
  limitFacts,
  spellLimit,
} from "./limits.ts";

/** Limits in the words of `docker run`; `missing` are those that it has no flag for. */
export interface DockerLimits {
  readonly words: readonly (readonly [flag: string, value: string])[];
  readonly missing: readonly CgroupLimitName[];
}

export function dockerLimits(limits: Limits): DockerLimits {
  const set = cgroupLimitNames.filter((name) => limits[name] !== undefined);
  const flags = set.map((name) => ({ name, words: flagsOf(name, limits) }));
  return {
    words: flags.flatMap(({ words }) => words ?? []),
    missing: flags.filter(({ words }) => !words).map(({ name }) => name),
  };
}

/** Undefined where Docker cannot say it. */
function flagsOf(name: CgroupLimitName, limits: Limits): [string, string][] | undefined {
  const { flag, own }: LimitFact = limitFacts[name];
  const value = limits[name];
  if (own || value === undefined) return undefined;
  if (name === "swapBytes") return sumFlag(limits);
  if (typeof value !== "object") return [[flag, spellLimit(name, value)]];
  // It knows devices by path alone.
  if (!Object.keys(value).every((device) => device.startsWith("/"))) return undefined;
  return Object.entries(value).map(([device, rate]) => [flag, `${device}:${rate}`]);
}

function sumFlag({ memoryBytes, swapBytes = 0 }: Limits): [string, string][] | undefined {
  if (memoryBytes === undefined) return undefined;
  return [[limitFacts.swapBytes.flag, `${memoryBytes + swapBytes}`]];
}
