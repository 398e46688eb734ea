import { findFrozen, freeze, thaw } from "../limits/freezer.ts";
import { TerrariumError } from "../protocol/errors.ts";
import type { SandboxHost } from "./host.ts";
import { isRunning } from "./reconcile.ts";
import type { SandboxRecord } from "./record.ts";
import { findRecord } from "./registry.ts";

/** Freezes every process of a sandbox, PID 1 too, and answers when all of them stand still. */
export function pauseSandbox({ registry }: SandboxHost, target: string): void {
  const record = findRunning(registry.records(), target);
  if (isPaused(record)) throw new TerrariumError("sandboxPaused", { target });
  if (freeze(directoriesOf(record))) return;
  throw new TerrariumError("needsPrivilege", {
    what: `pause sandbox "${target}"`,
    needs:
      "a cgroup of its own with a freezer, which this sandbox was made without (a helper that runs as root, or a cgroup delegated to this user: systemd-run --user --scope -p Delegate=yes)",
  });
}

/** Lets a paused sandbox run again. */
export function unpauseSandbox({ registry }: SandboxHost, target: string): void {
  const record = findRunning(registry.records(), target);
  if (!isPaused(record)) throw new TerrariumError("sandboxNotPaused", { target });
  resume(record);
}

export function isPaused(record: SandboxRecord): boolean {
  return findFrozen(directoriesOf(record)) !== undefined;
}

/** Before every end: what version 1 froze does not even die of SIGKILL. */
export function resume(record: SandboxRecord): void {
  thaw(directoriesOf(record));
}

/** The record of a sandbox that runs; throws noSuchSandbox, ambiguousSandbox, sandboxNotRunning. */
export function findRunning(records: readonly SandboxRecord[], target: string): SandboxRecord {
  const record = findRecord(records, target);
  if (!isRunning(record)) throw new TerrariumError("sandboxNotRunning", { target });
  return record;
}

function directoriesOf({ cgroups }: SandboxRecord): readonly string[] {
  return cgroups.map(({ directory }) => directory);
}
