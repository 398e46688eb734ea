import { existsSync } from "node:fs";
import { readCgroupPaths } from "../kernel/procfs.ts";
import type { CgroupMembership } from "../kernel/proctext.ts";

/** sd_booted(3). */
export function isBooted(): boolean {
  return existsSync("/run/systemd/system");
}

/** Where systemd puts itself, in the hierarchies by which it tells its units apart. */
const ownScope = "/init.scope";

let found: { readonly root: string | undefined } | undefined;

/**
 * The cgroup below which all of systemd's units lie, as /proc/PID/cgroup names it: `/`, but in a container.
 * Undefined where PID 1 is no systemd, which is not going to change: it is looked at once.
 */
export function systemdRoot(): string | undefined {
  found ??= { root: isBooted() ? rootAbove(readCgroupPaths(1) ?? []) : undefined };
  return found.root;
}

export function rootAbove(memberships: readonly CgroupMembership[]): string | undefined {
  const own = memberships.find(
    ({ hierarchy, controllers, path }) =>
      (hierarchy === 0 || controllers.includes("name=systemd")) && path.endsWith(ownScope),
  );
  return own && (own.path.slice(0, -ownScope.length) || "/");
}
