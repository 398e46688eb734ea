import { identityOf } from "../limits/identity.ts";
import { reportLimits } from "../limits/report.ts";
import { systemdNote, unitOf } from "../limits/systemd.ts";
import { type CgroupTarget, limitPlaces } from "../limits/target.ts";
import {
  describeUpdate,
  findUpdates,
  type LimitUpdate,
  makeUpdates,
  valuesBefore,
} from "../limits/updates.ts";
import { TerrariumError } from "../protocol/errors.ts";
import type { LimitChanges, UpdatedLimits } from "../protocol/limitsReport.ts";
import type { ParameterOutput } from "../protocol/schemas.ts";
import { authorise } from "./authorise.ts";
import { findCgroupTarget } from "./cgroupTarget.ts";
import type { SandboxHost } from "./host.ts";
import { isInside, ownerOf, titlesFrom } from "./limits.ts";
import { pendingOf } from "./pendingReverts.ts";
import { isRunning, reconcile } from "./reconcile.ts";
import { startRevert, takeOver } from "./reverts.ts";
import { rememberLimits, updateAtRest } from "./specLimits.ts";

/**
 * Changes limits of a sandbox, a process's cgroup or any cgroup, all of them or none. Under the registry's lock:
 * of two helpers one comes after the other. Throws what findCgroupTarget, findUpdates, authorise and makeUpdates
 * do, targetChanged, sandboxNotRunning.
 */
export function updateLimits(
  host: SandboxHost,
  request: ParameterOutput<"limits/update">,
): Promise<UpdatedLimits> {
  return host.registry.exclusively(() => {
    reconcile(host);
    const records = host.registry.records();
    const found = findCgroupTarget(host, request.target);
    const owner = ownerOf(found, records);
    if (found.sandbox !== undefined && owner && !isRunning(owner)) {
      return updateAtRest(host, owner, request);
    }
    checkIdentity(found, request);
    const places = limitPlaces(found);
    const changes = findUpdates(places, request.limits);
    const own = owner !== undefined && changes.every(({ cgroup }) => isInside(cgroup, owner));
    const { title } = found;
    const { confirmed } = request;
    authorise({ title, own, confirmed, changes: changes.map(describeUpdate) });
    const { before, revert } = apply(host, changes, request.revertAfterMs !== undefined);
    const rows = reportLimits(places, titlesFrom(records));
    return {
      before,
      after: rows.filter(({ limit }) => request.limits[limit] !== undefined),
      changes: changes.map(describeUpdate),
      note: noteOn(found, request.limits),
      revert,
    };
  });
}

function checkIdentity(
  found: CgroupTarget,
  { target, identity }: ParameterOutput<"limits/update">,
): void {
  if (identity === undefined || identity === identityOf(found)) return;
  throw new TerrariumError("targetChanged", { target });
}

/** Written down first, where it is for a time only; then the kernel's files; then what a restart will use. */
function apply(
  host: SandboxHost,
  changes: readonly LimitUpdate[],
  forATime: boolean,
): Pick<UpdatedLimits, "before" | "revert"> {
  const { state } = host.registry;
  // What waits to be put back is what there was before: a second try does not make the first one last.
  const { original, release } = takeOver(state, changes);
  const revert = forATime ? startRevert(state, original) : undefined;
  try {
    makeUpdates(changes);
  } catch (error) {
    revert?.forget();
    throw error;
  }
  revert?.written();
  release();
  if (!revert) rememberLimits(host, changes.map(pendingOf));
  return { before: valuesBefore(original), revert: revert?.id };
}

function noteOn({ cgroups }: CgroupTarget, limits: LimitChanges): string | undefined {
  const unit = unitOf(cgroups);
  return unit === undefined ? undefined : systemdNote(unit, cgroups, limits);
}
