import { findProcess, placedProcess } from "../limits/processes.ts";
import type { CgroupTarget, PlacedCgroup } from "../limits/target.ts";
import { findUpdates, type LimitUpdate } from "../limits/updates.ts";
import type { LimitChanges } from "../protocol/limitsReport.ts";
import { mainProcess } from "../protocol/processes.ts";
import { isResourceLimit } from "../protocol/resourceLimits.ts";
import { readMembers } from "./members.ts";
import { isRunning } from "./reconcile.ts";
import type { SandboxRecord } from "./record.ts";

/** A target with the processes whose resource limits are its own: every one of a sandbox, or the one named. */
export function withProcesses(
  target: CgroupTarget,
  owner: SandboxRecord | undefined,
): CgroupTarget {
  return { ...target, processes: placesOf(target, owner) };
}

function placesOf(
  { sandbox, pid }: CgroupTarget,
  owner: SandboxRecord | undefined,
): readonly PlacedCgroup[] {
  if (sandbox !== undefined) return owner && isRunning(owner) ? placesIn(owner) : [];
  const process = pid === undefined ? undefined : findProcess(pid);
  return process ? [placedProcess(process)] : [];
}

/** The main one first. Init is ours, and has none of the spec's limits from its start on. */
function placesIn(record: SandboxRecord): readonly PlacedCgroup[] {
  const { id, init, spec } = record;
  const members = readMembers([record]).get(id) ?? [];
  const programs = members.filter(({ pid }) => !spec.init || pid !== init?.pid);
  const main = mainProcess(programs);
  const others = programs.filter(({ pid }) => pid !== main?.pid);
  return [...(main ? [main] : []), ...others].map(({ pid, startTimeTicks }) =>
    placedProcess({ pid, startTimeTicks }, id),
  );
}

/** Of processes that were forked while the others got their new limits, those that still have the old ones. */
export function forkedSince(
  { sandbox }: CgroupTarget,
  owner: SandboxRecord | undefined,
  limits: LimitChanges,
  made: readonly LimitUpdate[],
): readonly LimitUpdate[] {
  const asked = Object.fromEntries(
    Object.entries(limits).filter(([name]) => isResourceLimit(name)),
  );
  if (sandbox === undefined || !owner || Object.keys(asked).length === 0) return [];
  const known = new Set(made.map(({ cgroup }) => cgroup.directory));
  const fresh = placesIn(owner).filter(({ directory }) => !known.has(directory));
  if (fresh.length === 0) return [];
  return findUpdates(fresh, asked).filter(({ before, after }) => before !== after);
}
