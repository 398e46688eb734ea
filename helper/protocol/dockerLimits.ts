import {
  type CgroupLimitName,
  cgroupLimitNames,
  type LimitFact,
  type LimitName,
  type Limits,
  limitFacts,
  spellLimit,
} from "./limits.ts";
import type { LimitRowReport } from "./limitsReport.ts";
import { isResourceLimit, type ResourceLimitName, resourceLimitFacts } from "./resourceLimits.ts";

/** Limits in the words of `docker run`; `missing` are those that it has no flag for. */
export interface DockerLimits<N extends LimitName> {
  readonly words: readonly (readonly [flag: string, value: string])[];
  readonly missing: readonly N[];
}

export function dockerLimits(limits: Limits): DockerLimits<CgroupLimitName> {
  const set = cgroupLimitNames.filter((name) => limits[name] !== undefined);
  const flags = set.map((name) => ({ name, words: flagsOf(name, limits) }));
  return {
    words: flags.flatMap(({ words }) => words ?? []),
    missing: flags.filter(({ words }) => !words).map(({ name }) => name),
  };
}

/** Of a process, what it does not have from the one that started it. */
export function dockerUlimits(rows: readonly LimitRowReport[]): DockerLimits<ResourceLimitName> {
  const own = rows.flatMap(({ limit, value, parent }) =>
    isResourceLimit(limit) && typeof value === "string" && value !== parent
      ? [{ limit, value, fact: resourceLimitFacts[limit] }]
      : [],
  );
  const known = own.filter(({ fact }) => !fact.own);
  return {
    words: known.map(({ value, fact: { resource } }) => [
      "--ulimit",
      // -1 is its word for unlimited.
      `${resource}=${value.replaceAll("unlimited", "-1")}`,
    ]),
    missing: own.filter(({ fact }) => fact.own).map(({ limit }) => limit),
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
