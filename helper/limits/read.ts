import { join } from "node:path";
import { type CgroupMount, readCgroupMounts } from "../kernel/cgroupfs.ts";
import type { LimitReading } from "../protocol/inventory.ts";
import { named } from "./devices.ts";
import { filesOf, type LimitFile, type NoSuchLimit } from "./files/limitFile.ts";
import { processController } from "./processes.ts";
import { cgroupRows, controllerName, type LimitRow } from "./table.ts";
import type { PlacedCgroup } from "./target.ts";

/** The limits of a cgroup that the kernel has files for. */
export function readLimitsOf(cgroups: readonly PlacedCgroup[]): LimitReading[] {
  return cgroupRows.flatMap((row) => readLimit(row, cgroups) ?? []);
}

/** Undefined where this cgroup cannot have the limit. */
export function readLimit(
  row: LimitRow,
  cgroups: readonly PlacedCgroup[],
): LimitReading | undefined {
  const cgroup = cgroupOf(row, cgroups);
  if (!cgroup) return undefined;
  const limitFile = fileIn(row, cgroup.hierarchy);
  if ("reason" in limitFile) return undefined;
  const files = filesOf(cgroup.directory);
  const file = limitFile.find(files);
  if (file === undefined) return undefined;
  const value = limitFile.read(files);
  return {
    limit: row.limit,
    file: join(cgroup.directory, file),
    value: value === undefined || limitFile.isUnset?.(value, files) ? undefined : named(row, value),
  };
}

/** A controller is in one hierarchy only, so the first that has it is the one; of processes the main one. */
export function cgroupOf<C extends { readonly hierarchy: CgroupMount }>(
  row: LimitRow,
  cgroups: readonly C[],
): C | undefined {
  return cgroups.find(({ hierarchy }) => serves(hierarchy, row));
}

/** A limit of processes is that of each of them. */
export function placesOf(row: LimitRow, places: readonly PlacedCgroup[]): readonly PlacedCgroup[] {
  const serving = places.filter(({ hierarchy }) => serves(hierarchy, row));
  return row.controller === processController ? serving : serving.slice(0, 1);
}

/** The hierarchy of this machine that has the row's controller. */
export function hierarchyOf(row: LimitRow): CgroupMount | undefined {
  return readCgroupMounts().hierarchies.find((hierarchy) => serves(hierarchy, row));
}

function serves({ controllers, version }: CgroupMount, row: LimitRow): boolean {
  return controllers.includes(controllerName(row, version));
}

export function fileIn(
  row: LimitRow,
  { version }: Pick<CgroupMount, "version">,
): LimitFile | NoSuchLimit {
  return version === 1 ? row.v1 : row.v2;
}
