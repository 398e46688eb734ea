import { dirname } from "node:path";
import type { LimitReading } from "../protocol/inventory.ts";
import type { LimitName } from "../protocol/limits.ts";
import type { LimitValue } from "../protocol/limitUnits.ts";
import { parentProcess } from "./processes.ts";
import { readLimit } from "./read.ts";
import { type EffectiveRule, type LimitRow, limitTable } from "./table.ts";
import type { PlacedCgroup } from "./target.ts";

/** A limit, and the cgroup whose it is. */
export interface Effective {
  readonly reading: LimitReading;
  readonly cgroup: PlacedCgroup;
}

/**
 * What a process of the cgroup runs into first: the kernel holds it to the limits of all the cgroups above,
 * too. Undefined where the cgroup that decides has no file for it.
 */
export function effectiveLimit(row: LimitRow, own: PlacedCgroup): Effective | undefined {
  const cgroups = lineage(own);
  const cgroup = deciders[row.effective](row, cgroups);
  const reading = readLimit(row, [cgroup]);
  if (!reading || row.effective !== "each") return reading && { reading, cgroup };
  return { reading: { ...reading, value: leastOfEach(row, cgroups) }, cgroup };
}

/** The cgroup above, or the process; undefined at the top of a hierarchy. */
export function parentCgroup({
  hierarchy,
  directory,
  process,
}: PlacedCgroup): PlacedCgroup | undefined {
  if (process) return parentProcess(process);
  const isTop = directory === hierarchy.mountPoint || directory === "/";
  return isTop ? undefined : { hierarchy, directory: dirname(directory) };
}

export function rowOf(limit: LimitName): LimitRow {
  const row = limitTable.find((known) => known.limit === limit);
  if (!row) throw new Error(`no row for ${limit}`);
  return row;
}

type Lineage = readonly [PlacedCgroup, ...PlacedCgroup[]];
type Decider = (row: LimitRow, cgroups: Lineage) => PlacedCgroup;

/** Which cgroup decides, by the row's rule. */
const deciders: Readonly<Record<EffectiveRule, Decider>> = {
  least: (row, cgroups) => leastOf(cgroups, (cgroup) => numberOf(row, cgroup)),
  each: nearest,
  processors: (_row, cgroups) => leastOf(cgroups, processors),
  protection: (row, cgroups) =>
    // Version 1's soft limit is its own alone.
    cgroups[0].hierarchy.version === 1
      ? cgroups[0]
      : leastOf(cgroups, (cgroup) => protectionOf(row, cgroup)),
  nearest,
  own: (_row, [own]) => own,
};

function nearest(row: LimitRow, cgroups: Lineage): PlacedCgroup {
  const sets = (cgroup: PlacedCgroup) => readLimit(row, [cgroup])?.value !== undefined;
  return cgroups.find(sets) ?? cgroups[0];
}

/** Of several that are the same, the nearest. */
function leastOf(cgroups: Lineage, measure: (cgroup: PlacedCgroup) => number): PlacedCgroup {
  return cgroups.reduce((least, next) => (measure(next) < measure(least) ? next : least));
}

/** Of each device or page size that any of them bounds; the cgroup that is named is the nearest of these. */
function leastOfEach(row: LimitRow, cgroups: Lineage): LimitValue | undefined {
  const least = new Map<string, number>();
  for (const cgroup of cgroups) {
    for (const [key, amount] of Object.entries(readLimit(row, [cgroup])?.value ?? {})) {
      least.set(key, Math.min(amount, least.get(key) ?? Number.POSITIVE_INFINITY));
    }
  }
  return least.size > 0 ? Object.fromEntries(least) : undefined;
}

function processors(cgroup: PlacedCgroup): number {
  return numberOf(rowOf("cpuQuotaUs"), cgroup) / numberOf(rowOf("cpuPeriodUs"), cgroup);
}

/** No limit is more than any. */
function numberOf(row: LimitRow, cgroup: PlacedCgroup): number {
  const value = readLimit(row, [cgroup])?.value;
  return typeof value === "number" ? value : Number.POSITIVE_INFINITY;
}

/** Where none is set nothing below is protected; the top of a hierarchy has no file, and does not count. */
function protectionOf(row: LimitRow, cgroup: PlacedCgroup): number {
  const reading = readLimit(row, [cgroup]);
  return reading && reading.value === undefined ? 0 : numberOf(row, cgroup);
}

/** Itself first. */
function lineage(cgroup: PlacedCgroup): Lineage {
  const parent = parentCgroup(cgroup);
  return parent ? [cgroup, ...lineage(parent)] : [cgroup];
}
