import { dirname } from "node:path";
import type { LimitReading } from "../protocol/inventory.ts";
import type { LimitName } from "../protocol/limits.ts";
import { readLimit } from "./read.ts";
import { type LimitRow, limitTable } from "./table.ts";
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
  const cgroup = deciders[row.effective](row, lineage(own));
  const reading = readLimit(row, [cgroup]);
  return reading && { reading, cgroup };
}

/** The cgroup above; undefined at the top of a hierarchy. */
export function parentCgroup({ hierarchy, directory }: PlacedCgroup): PlacedCgroup | undefined {
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
const deciders: Readonly<Record<LimitRow["effective"], Decider>> = {
  least: (row, cgroups) => leastOf(cgroups, (cgroup) => numberOf(row, cgroup)),
  processors: (_row, cgroups) => leastOf(cgroups, processors),
};

/** Of several that are the same, the nearest. */
function leastOf(cgroups: Lineage, measure: (cgroup: PlacedCgroup) => number): PlacedCgroup {
  return cgroups.reduce((least, next) => (measure(next) < measure(least) ? next : least));
}

function processors(cgroup: PlacedCgroup): number {
  return numberOf(rowOf("cpuQuotaUs"), cgroup) / numberOf(rowOf("cpuPeriodUs"), cgroup);
}

/** No limit is more than any. */
function numberOf(row: LimitRow, cgroup: PlacedCgroup): number {
  const value = readLimit(row, [cgroup])?.value;
  return typeof value === "number" ? value : Number.POSITIVE_INFINITY;
}

/** Itself first. */
function lineage(cgroup: PlacedCgroup): Lineage {
  const parent = parentCgroup(cgroup);
  return parent ? [cgroup, ...lineage(parent)] : [cgroup];
}
