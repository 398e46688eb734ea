import { basename, dirname, join } from "node:path";
import { childCgroups } from "../kernel/cgroupfs.ts";
import { formatLimit } from "../protocol/limits.ts";
import type { LimitValue } from "../protocol/limitUnits.ts";
import { effectiveLimit, parentCgroup } from "./effective.ts";
import {
  cgroupPlaces,
  directoryAbove,
  sandboxDirectory,
  sandboxesDirectory,
  sandboxIdOf,
} from "./places.ts";
import { readLimit } from "./read.ts";
import type { LimitRow } from "./table.ts";
import type { PlacedCgroup } from "./target.ts";
import { unavailable } from "./unavailable.ts";

/**
 * Memory that is protected (memory.low, memory.min): no more than the cgroups above are, and those are divided
 * among what lies below them (cgroup-v2.rst, "memory.low"). A sandbox's own parents are ours, and are protected as
 * far as all of its sandboxes together; nobody else's is touched. Version 1's soft limit asks no cgroup above.
 */
export function checkProtection(row: LimitRow, value: LimitValue, cgroup: PlacedCgroup): void {
  const top = ownParents(cgroup).at(-1) ?? cgroup;
  const above = parentCgroup(top);
  const effective = above && effectiveLimit(row, above);
  if (cgroup.hierarchy.version === 1 || !effective) return;
  const { value: most = 0, file } = effective.reading;
  if (value <= most) return;
  throw unavailable(row, `${file} protects ${formatLimit(row.limit, most)}: set it there first`);
}

/** What the parents of a sandbox's cgroup must have for `value` beside what else is below them; the highest first. */
export function roomAbove(
  row: LimitRow,
  value: LimitValue | undefined,
  cgroup: PlacedCgroup,
): readonly { readonly cgroup: PlacedCgroup; readonly value: number }[] {
  if (row.effective !== "protection" || cgroup.hierarchy.version === 1) return [];
  let below = { cgroup, value: Number(value ?? 0) };
  return ownParents(cgroup)
    .map((parent) => {
      below = { cgroup: parent, value: below.value + protectedBeside(row, below.cgroup) };
      return below;
    })
    .reverse();
}

function protectedBeside(row: LimitRow, cgroup: PlacedCgroup): number {
  const parent = dirname(cgroup.directory);
  return childCgroups(parent)
    .map((name) => ({ ...cgroup, directory: join(parent, name) }))
    .filter(({ directory }) => directory !== cgroup.directory)
    .reduce((sum, other) => sum + Number(readLimit(row, [other])?.value ?? 0), 0);
}

/** The nearest first. By their place: others may call a cgroup as we call ours. */
function ownParents({ hierarchy, directory }: PlacedCgroup): readonly PlacedCgroup[] {
  const id = sandboxIdOf(basename(dirname(directory)), basename(directory));
  const place = cgroupPlaces().find((one) => one.hierarchy.id === hierarchy.id);
  if (!place || id === undefined || sandboxDirectory(place, id) !== directory) return [];
  const parents = new Set([directoryAbove(place, id), sandboxesDirectory(place)]);
  return [...parents].map((parent) => ({
    hierarchy,
    directory: parent,
    unit: place.scoped ? basename(parent) : undefined,
  }));
}
