import { TerrariumError } from "../protocol/errors.ts";
import { linkController, noLink } from "./files/link.ts";
import { cgroupPlaces, isPrivileged } from "./places.ts";
import { hierarchyOf } from "./read.ts";
import type { LimitRow } from "./table.ts";

/** Why a limit cannot be had here, and exactly what would be needed. */
export function unavailable(
  row: LimitRow,
  reason = isPrivileged() ? reasonAsRoot(row) : reasonAsUser(row),
): TerrariumError {
  return new TerrariumError("limitUnavailable", { limit: row.limit, reason });
}

function reasonAsRoot(row: LimitRow): string {
  const { controller } = row;
  if (controller === linkController) return noLink;
  const hierarchy = hierarchyOf(row);
  if (cgroupPlaces().some((place) => place.scoped && place.hierarchy.id === hierarchy?.id)) {
    return `systemd owns ${hierarchy?.mountPoint} and passes the ${controller} controller on to none of its units`;
  }
  return hierarchy
    ? `${hierarchy.mountPoint} may not be written; the helper needs it mounted read-write`
    : `no cgroup hierarchy that is mounted here has the ${controller} controller`;
}

/** systemd delegates version 2 only; a version 1 hierarchy in a user's hands is unsafe (systemd's CGROUP_DELEGATION). */
function reasonAsUser(row: LimitRow): string {
  const { controller } = row;
  if (controller === linkController) return noLink;
  const hierarchy = hierarchyOf(row);
  if (!hierarchy)
    return `no cgroup hierarchy that is mounted here has the ${controller} controller`;
  if (hierarchy.version === 1) {
    return `the ${controller} controller is on cgroup v1, where limits need the helper to run as root`;
  }
  return `the ${controller} controller is not delegated to this user; start with "systemd-run --user --scope -p Delegate=yes terrarium run …", or run the helper as root`;
}
