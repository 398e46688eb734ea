import { readStat } from "../kernel/procfs.ts";
import { killCgroup, removeCgroups } from "../limits/cgroups.ts";
import { releaseForgottenScopes } from "../limits/scope.ts";
import { removeWalls } from "../network/removeWalls.ts";
import { TerrariumError } from "../protocol/errors.ts";
import type { SandboxHost } from "./host.ts";
import { readReverts, removeUnfinishedReverts } from "./pendingReverts.ts";
import { putBackUnasked } from "./putBack.ts";
import type { ProcessIdentity, SandboxRecord } from "./record.ts";

/**
 * Brings the registry in line with the kernel: what lives is kept as it is (a new helper adopts it by
 * reading its record), what is dead or half made is removed with its cgroups. Runs under the lock.
 */
export function reconcile(host: SandboxHost): void {
  const { registry } = host;
  const records = registry.records();
  // Only what has run has an ending that is worth keeping.
  const isKept = ({ id, init }: SandboxRecord) => init !== undefined && registry.exitOf(id);
  const dead = records.filter((record) => !isAlive(record) && !isKept(record));
  for (const { id, lasting, subnet } of dead) {
    if (subnet !== undefined) removeWalls(id);
    if (sweepCgroups(id) && !lasting) registry.remove(id);
  }
  releaseForgottenScopes((id) => records.some((record) => record.id === id));
  registry.removeUnfinished();
  putBackOrphans(host);
}

/** Limits that a helper tried out which ended before they went back, or could be kept. */
function putBackOrphans(host: SandboxHost): void {
  removeUnfinishedReverts(host.registry.state);
  for (const revert of readReverts(host.registry.state)) {
    if (!lives(revert.holder)) putBackUnasked(host, revert);
  }
}

/**
 * True when the cgroups are gone. While the kernel does not let one go the record stays, so that the next
 * reconciliation finds it. A cgroup without a record of ours is never touched: it may be another registry's.
 */
export function sweepCgroups(id: string): boolean {
  try {
    killCgroup(id);
    removeCgroups(id);
    return true;
  } catch (error) {
    if (!TerrariumError.is(error, "cgroupFailed")) throw error;
    return false;
  }
}

/** Somebody still answers for it: its init, the monitor that is cleaning up, or the helper that is making it. */
export function isAlive(record: SandboxRecord): boolean {
  if (isRunning(record) || lives(record.monitor)) return true;
  return record.init === undefined && lives(record.creator);
}

export function isRunning({ init }: SandboxRecord): boolean {
  return lives(init);
}

/** The same process, not another one with its pid; a zombie has ended. */
export function lives(identity: ProcessIdentity | undefined): boolean {
  if (!identity) return false;
  const stat = readStat(identity.pid);
  return (
    stat?.startTimeTicks === identity.startTimeTicks && stat.state !== "Z" && stat.state !== "X"
  );
}
