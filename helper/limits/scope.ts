import { existsSync, statSync } from "node:fs";
import { basename } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { childCgroups, hierarchyId } from "../kernel/cgroupfs.ts";
import { pause } from "../kernel/pause.ts";
import { readCgroupPaths } from "../kernel/procfs.ts";
import type { PlannedScope } from "../protocol/plan.ts";
import { systemdRoot } from "../systemd/booted.ts";
import { failure, startScope, stopUnit } from "../systemd/manager.ts";
import { type ScopeRequest, scopeId, scopeName, scopeProperties } from "../systemd/units.ts";
import { processesBelow } from "./kill.ts";
import { type CgroupPlace, cgroupPlaces, directoryAbove, sandboxesDirectory } from "./places.ts";

/** The unit below which a sandbox of root has its cgroups, where systemd owns the tree. */

/** Without systemd nothing is read. */
function scopedPlaces(): readonly CgroupPlace[] {
  return systemdRoot() === undefined ? [] : cgroupPlaces().filter(({ scoped }) => scoped);
}

export function usesScopes(): boolean {
  return scopedPlaces().length > 0;
}

const joinTimeoutMs = 10_000;
const pollMs = 1;

/**
 * Has systemd make a sandbox's scope, with its launcher in it: systemd keeps none that is empty, so that the scope
 * goes with the monitor, however that ends. Throws systemdFailed.
 */
export async function holdScope(request: ScopeRequest, launcher: number): Promise<void> {
  const places = scopedPlaces();
  await startScope(request, launcher);
  const unit = scopeName(request.id);
  const deadlineMs = performance.now() + joinTimeoutMs;
  for (;;) {
    const memberships = readCgroupPaths(launcher);
    if (!memberships) throw failure(unit, "the launcher has ended");
    const isIn = places.every(({ hierarchy }) =>
      memberships.some((one) => hierarchyId(one) === hierarchy.id && basename(one.path) === unit),
    );
    if (isIn) return;
    if (performance.now() > deadlineMs) throw failure(unit, "the launcher was not put into it");
    await sleep(pollMs);
  }
}

const collectRounds = 20;
const collectRoundMs = 5;

/**
 * Waits for systemd to take an empty scope away, and has it stopped where it does not: one whose process died before
 * it was put there never held any, so that no event tells of its end. One that holds a process goes with that.
 */
export function releaseScope(id: string): void {
  const directories = scopedPlaces().map((place) => directoryAbove(place, id));
  for (let round = 0; round < collectRounds; round += 1) {
    const left = directories.filter(existsSync);
    if (left.length === 0 || left.some(isInUse)) return;
    pause(collectRoundMs);
  }
  stopUnit(scopeName(id));
}

/** Systemd makes a scope and puts its process there within milliseconds. */
const newScopeMs = 5_000;

/** Those that nobody has a record of: their helper was killed while systemd was making them. */
export function releaseForgottenScopes(isKnown: (id: string) => boolean): void {
  const [place] = scopedPlaces();
  if (!place) return;
  for (const name of childCgroups(sandboxesDirectory(place))) {
    const id = scopeId(name);
    if (id === undefined || isKnown(id)) continue;
    const made = statSync(directoryAbove(place, id), { throwIfNoEntry: false });
    if (made && Date.now() - made.ctimeMs > newScopeMs) releaseScope(id);
  }
}

function isInUse(directory: string): boolean {
  return processesBelow(directory).length > 0;
}

/** What `holdScope` would ask for. */
export function planScope(request: ScopeRequest): PlannedScope | undefined {
  if (!usesScopes()) return undefined;
  const properties = scopeProperties(request).map(({ name, value }) => ({ name, value }));
  return { unit: scopeName(request.id), properties };
}
