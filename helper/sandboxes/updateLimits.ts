import { rowOf } from "../limits/effective.ts";
import { lastingFor } from "../limits/hardLimits.ts";
import { identityOf } from "../limits/identity.ts";
import { reportLimits } from "../limits/report.ts";
import { systemdNote, unitOf } from "../limits/systemd.ts";
import { type CgroupTarget, limitPlaces, type PlacedCgroup } from "../limits/target.ts";
import { unavailable } from "../limits/unavailable.ts";
import {
  describeUpdates,
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
import { forkedSince, withProcesses } from "./processPlaces.ts";
import { isRunning, reconcile } from "./reconcile.ts";
import type { SandboxRecord } from "./record.ts";
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
    const places = limitPlaces(withProcesses(found, owner));
    const changes = findUpdates(places, request.limits);
    const forATime = request.revertAfterMs !== undefined;
    if (forATime) checkRaisable(changes);
    const own = owner !== undefined && changes.every(({ cgroup }) => isOwn(cgroup, owner));
    const { title } = found;
    const { confirmed } = request;
    const words = describeUpdates(changes);
    authorise({ title, own, confirmed, changes: words });
    const later = (made: readonly LimitUpdate[]) => forkedSince(found, owner, request.limits, made);
    const { before, revert } = apply(host, changes, { forATime, later });
    const rows = reportLimits(places, titlesFrom(records));
    return {
      before,
      after: rows.filter(({ limit }) => request.limits[limit] !== undefined),
      changes: words,
      note: noteOn(found, request.limits, changes),
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

/** A process of the owner's, named by itself, is in its cgroups. */
function isOwn(place: PlacedCgroup, owner: SandboxRecord): boolean {
  return place.process !== undefined || isInside(place, owner);
}

/** It could not go back to what it was. */
function checkRaisable(changes: readonly LimitUpdate[]): void {
  const [lasting] = lastingFor(changes);
  if (!lasting) return;
  throw unavailable(
    rowOf(lasting.limit),
    "a hard limit that is lowered cannot be put back without CAP_SYS_RESOURCE, which this helper lacks; change the soft one alone",
  );
}

interface How {
  readonly forATime: boolean;
  readonly later: (made: readonly LimitUpdate[]) => readonly LimitUpdate[];
}

/** Written down first, where it is for a time only; then the kernel's files; then what a restart will use. */
function apply(
  host: SandboxHost,
  changes: readonly LimitUpdate[],
  { forATime, later }: How,
): Pick<UpdatedLimits, "before" | "revert"> {
  const { state } = host.registry;
  // What waits to be put back is what there was before: a second try does not make the first one last.
  const { original, release } = takeOver(state, changes);
  const revert = forATime ? startRevert(state, original) : undefined;
  try {
    const made = makeUpdates(changes, later);
    revert?.written([...original, ...made.slice(changes.length)]);
  } catch (error) {
    revert?.forget();
    throw error;
  }
  release();
  if (!revert) rememberLimits(host, changes.map(pendingOf));
  return { before: valuesBefore(original), revert: revert?.id };
}

function noteOn(
  { cgroups }: CgroupTarget,
  limits: LimitChanges,
  changes: readonly LimitUpdate[],
): string | undefined {
  const unit = changes.some(({ cgroup }) => !cgroup.process) ? unitOf(cgroups) : undefined;
  const notes = [
    ...(unit === undefined ? [] : [systemdNote(unit, cgroups, limits)]),
    ...(lastingFor(changes).length > 0 ? [lowered] : []),
  ];
  return notes.length > 0 ? notes.join(" ") : undefined;
}

const lowered =
  "A hard limit was lowered: without CAP_SYS_RESOURCE, which this helper lacks, it cannot be raised again.";
