import { join } from "node:path";
import { childCgroups } from "../kernel/cgroupfs.ts";
import { formatLimit } from "../protocol/limits.ts";
import type { LimitValue } from "../protocol/limitUnits.ts";
import { effectiveLimit, parentCgroup } from "./effective.ts";
import { cgroupPlaces, sandboxesDirectory } from "./places.ts";
import { readLimit } from "./read.ts";
import type { LimitRow } from "./table.ts";
import type { PlacedCgroup } from "./target.ts";
import { unavailable } from "./unavailable.ts";

/**
 * Memory that is protected (memory.low, memory.min): no more than the cgroups above are, and those are divided
 * among what lies below them (cgroup-v2.rst, "memory.low"). A sandbox's own parent is ours, and is protected as
 * far as all of its sandboxes together; nobody else's is touched. Version 1's soft limit asks no cgroup above.
 */
export function checkProtection(row: LimitRow, value: LimitValue, cgroup: PlacedCgroup): void {
  const parent = sandboxParent(cgroup) ?? cgroup;
  const above = parentCgroup(parent);
  const effective = above && effectiveLimit(row, above);
  if (cgroup.hierarchy.version === 1 || !effective) return;
  const { value: most = 0, file } = effective.reading;
  if (value <= most) return;
  throw unavailable(row, `${file} protects ${formatLimit(row.limit, most)}: set it there first`);
}

/** The parent of a sandbox's cgroup, and what it must have for `value` beside its other sandboxes. */
export function roomAbove(row: LimitRow, value: LimitValue | undefined, cgroup: PlacedCgroup) {
  const parent = sandboxParent(cgroup);
  if (row.effective !== "protection" || cgroup.hierarchy.version === 1 || !parent) return undefined;
  const others = childCgroups(parent.directory)
    .map((name) => ({ ...parent, directory: join(parent.directory, name) }))
    .filter(({ directory }) => directory !== cgroup.directory);
  const amounts = [value, ...others.map((other) => readLimit(row, [other])?.value)];
  return {
    cgroup: parent,
    value: amounts.reduce((sum: number, next) => sum + Number(next ?? 0), 0),
  };
}

/** By its place: others may call a cgroup as we call ours. */
function sandboxParent(cgroup: PlacedCgroup): PlacedCgroup | undefined {
  const parent = parentCgroup(cgroup);
  const ours = cgroupPlaces().map(sandboxesDirectory);
  return parent && ours.includes(parent.directory) ? parent : undefined;
}
