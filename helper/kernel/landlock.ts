import { type Answer, probeCall } from "./libc.ts";

/** The same on every architecture. */
const SYS_landlock_create_ruleset = 444;
const LANDLOCK_CREATE_RULESET_VERSION = 1;

/** The version of the kernel's Landlock interface, or why there is none. */
export function askLandlockVersion(): Answer {
  return probeCall(SYS_landlock_create_ruleset, 0, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

/** Scopes for abstract sockets and signals are there from version 6 on (Linux 6.12). */
export function hasLandlockScopes(): boolean {
  const version = askLandlockVersion();
  return typeof version === "number" && version >= 6;
}
