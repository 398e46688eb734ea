import { hasLandlockScopes } from "../kernel/landlock.ts";
import { TerrariumError } from "../protocol/errors.ts";
import { isNew, joinedTarget } from "../protocol/sharing.ts";
import type { SandboxRecord } from "./record.ts";

const cgroup =
  "a cgroup of its own, by which all that the sandbox started can be ended (a helper that runs as root, or a cgroup delegated to this user: systemd-run --user --scope -p Delegate=yes)";

/**
 * Without a pid namespace of its own a sandbox does not end with its init: monitor and init each end what the
 * other has left. A program that may kill both outlives them; Landlock's scope of signals forbids it that.
 */
export function checkEnding({ spec: { namespaces }, cgroups }: SandboxRecord): void {
  if (isNew(namespaces, "pid") || cgroups.length > 0) return;
  if (joinedTarget(namespaces, "pid")) throw needs("join a pid namespace", cgroup);
  if (hasLandlockScopes()) return;
  throw needs("share the host's processes", `${cgroup}, or Linux 6.12 with Landlock`);
}

/** What exec starts is neither init's child nor the monitor's. */
export function checkExecEnding({ spec: { namespaces }, cgroups }: SandboxRecord): void {
  if (isNew(namespaces, "pid") || cgroups.length > 0) return;
  throw needs("start a process in a sandbox that shares the host's processes", cgroup);
}

function needs(what: string, means: string): TerrariumError {
  return new TerrariumError("needsPrivilege", { what, needs: means });
}
