import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { relative } from "node:path";
import { createCgroups, killCgroup, removeCgroups } from "../../helper/limits/cgroups.ts";
import { cgroupPlaces, sandboxDirectory } from "../../helper/limits/places.ts";
import { holdScope, usesScopes } from "../../helper/limits/scope.ts";
import type { Limits } from "../../helper/protocol/limits.ts";
import type { Cleanup } from "./cli.ts";

export function newSandboxId(): string {
  return randomBytes(6).toString("hex");
}

/** Of a sandbox's cgroup, below the top of a hierarchy. */
export function sandboxPath(id: string): string {
  const [place] = cgroupPlaces();
  if (!place) throw new Error("nobody here may make a cgroup");
  return `/${relative(place.hierarchy.mountPoint, sandboxDirectory(place, id))}`;
}

/** Root's, where systemd owns the tree: each sandbox's cgroups are below a scope. */
export const hasScopes = usesScopes();

/** The cgroups of a sandbox without one; they go with the test. */
export async function heldCgroups(t: Cleanup, limits: Limits, id = newSandboxId()) {
  await holdFor(t, id);
  t.after(() => {
    killCgroup(id);
    removeCgroups(id);
  });
  return { id, cgroups: createCgroups(id, limits) };
}

/** A process in the place of the sandbox's monitor, where systemd wants one for a scope; it ends with the test. */
export async function holdFor(t: Cleanup, id: string): Promise<void> {
  if (!hasScopes) return;
  const holder = spawn("sleep", ["600"], { stdio: "ignore" });
  t.after(() => holder.kill("SIGKILL"));
  await holdScope({ id, name: "held", tty: false }, holder.pid ?? 0);
}
