import { rmdirSync } from "node:fs";
import { basename, join } from "node:path";
import { childCgroups, readCgroupFile } from "../kernel/cgroupfs.ts";
import { errnoOf, isGone } from "../kernel/errors.ts";
import { pause } from "../kernel/pause.ts";
import { TerrariumError } from "../protocol/errors.ts";
import type { LimitReading } from "../protocol/inventory.ts";
import { type CgroupLimitName, cgroupLimitNames, type Limits } from "../protocol/limits.ts";
import type { PlannedCgroup } from "../protocol/plan.ts";
import { changesOf, writesOf } from "./changes.ts";
import { confineDevices } from "./deviceAccess.ts";
import type { DeviceRule } from "./deviceProgram.ts";
import { parseNumber } from "./files/numbers.ts";
import { killProcesses } from "./kill.ts";
import { makeCgroup } from "./make.ts";
import {
  type CgroupPlace,
  cgroupPlaces,
  directoryAbove,
  sandboxDirectory,
  sandboxesDirectory,
  sandboxIdOf,
} from "./places.ts";
import { fileIn, readLimitsOf } from "./read.ts";
import { releaseScope } from "./scope.ts";
import { cgroupRows, controllerName, memoryUsageFile } from "./table.ts";
import type { PlacedCgroup } from "./target.ts";
import { unavailable } from "./unavailable.ts";
import { writeLimits } from "./write.ts";

/**
 * The life of a sandbox's cgroups, in every hierarchy that has a controller: `terrarium/ID`, or where root's
 * systemd runs `terrarium.slice/terrarium-ID.scope/sandbox`, below the scope that holdScope asked for.
 */

export interface SandboxCgroup {
  hierarchyId: string;
  directory: string;
}

const removeAttempts = 100;
const removeRetryMs = 5;

/**
 * Makes the cgroups of a sandbox and puts the limits in force (each is read back). Empty when nothing
 * was asked for and nothing is ours to write. Whatever fails removes what was made.
 * Throws limitUnavailable, limitRefused, cgroupFailed.
 */
export function createCgroups(
  id: string,
  limits: Limits,
  devices: readonly DeviceRule[] = [],
): SandboxCgroup[] {
  checkId(id);
  const places = cgroupPlaces();
  const asked = cgroupLimitNames.filter((name) => limits[name] !== undefined);
  const controllers = controllersOf(asked);
  const made: string[] = [];
  try {
    for (const name of asked) requirePlace(places, name);
    // Before anything is made: a controller that is switched on for nothing stays on.
    changesOf(placed(places, id), limits);
    for (const place of places) makeCgroup(place, id, controllers, made);
    confineDevices(placed(places, id), devices);
    writeLimits(placed(places, id), limits);
  } catch (error) {
    for (const directory of made.reverse()) removeEmpty(directory);
    throw error;
  }
  return places.map((place) => ({
    hierarchyId: place.hierarchy.id,
    directory: sandboxDirectory(place, id),
  }));
}

/** What `createCgroups` would make and write. Throws limitUnavailable. */
export function planCgroups(id: string, limits: Limits): readonly PlannedCgroup[] {
  const places = cgroupPlaces();
  for (const name of cgroupLimitNames) if (limits[name] !== undefined) requirePlace(places, name);
  const cgroups = placed(places, id);
  const writes = writesOf(changesOf(cgroups, limits));
  return cgroups.map(({ hierarchy, directory }) => ({
    hierarchyId: hierarchy.id,
    directory,
    writes: writes
      .filter(({ change }) => change.cgroup.directory === directory)
      .map(({ file, text }) => ({ file, value: text })),
  }));
}

/** Kills every process that is in a cgroup of the sandbox, and waits for the kernel to let them go. */
export function killCgroup(id: string): void {
  checkId(id);
  killProcesses(cgroupPlaces(), id);
}

/** Removes the cgroups of a sandbox and those that were made below them. Its processes must have ended. */
export function removeCgroups(id: string): void {
  checkId(id);
  for (const place of cgroupPlaces()) {
    const directory = sandboxDirectory(place, id);
    removeTree(directory);
    // A scope is systemd's to remove.
    if (!place.scoped) removeEmpty(directoryAbove(place, id));
  }
  releaseScope(id);
}

/** The limits of a sandbox as the kernel holds them; a limit whose file is absent is absent. */
export function readLimits(id: string): LimitReading[] {
  checkId(id);
  return readLimitsOf(placed(cgroupPlaces(), id));
}

/** Bytes charged to a sandbox; undefined where no memory controller serves it. */
export function memoryUsage(id: string): number | undefined {
  checkId(id);
  const place = cgroupPlaces().find(({ controllers }) => controllers.includes("memory"));
  if (!place) return undefined;
  const file = memoryUsageFile[place.hierarchy.version];
  const text = readCgroupFile(sandboxDirectory(place, id), file);
  return text === undefined ? undefined : parseNumber(text);
}

/** Ids of sandboxes that have a cgroup in any hierarchy. */
export function listCgroupNames(): string[] {
  const ids = cgroupPlaces().flatMap((place) =>
    childCgroups(sandboxesDirectory(place)).flatMap((name) => idIn(place, name) ?? []),
  );
  return [...new Set(ids)].sort();
}

function idIn(place: CgroupPlace, name: string): string | undefined {
  const directory = sandboxesDirectory(place);
  if (!place.scoped) return sandboxIdOf(basename(directory), name);
  const below = childCgroups(join(directory, name));
  return below.map((child) => sandboxIdOf(name, child)).find((id) => id !== undefined);
}

function placed(places: readonly CgroupPlace[], id: string): readonly PlacedCgroup[] {
  return places.map((place) => ({
    hierarchy: place.hierarchy,
    directory: sandboxDirectory(place, id),
  }));
}

function requirePlace(places: readonly CgroupPlace[], name: CgroupLimitName): void {
  for (const row of cgroupRows) {
    if (row.limit !== name) continue;
    const place = places.find(({ hierarchy, controllers }) =>
      controllers.includes(controllerName(row, hierarchy.version)),
    );
    if (!place) throw unavailable(row);
    const file = fileIn(row, place.hierarchy);
    if ("reason" in file) throw unavailable(row, file.reason);
  }
}

function controllersOf(names: readonly CgroupLimitName[]): ReadonlySet<string> {
  const rows = cgroupRows.filter(({ limit }) => names.includes(limit));
  return new Set(rows.map(({ controller }) => controller));
}

/** Children first: the kernel removes only a cgroup without any. Its files go with it. */
function removeTree(directory: string): void {
  for (const name of childCgroups(directory)) removeTree(join(directory, name));
  for (let attempt = 1; ; attempt += 1) {
    const errno = tryRemove(directory);
    if (errno === undefined) return;
    if (errno !== "EBUSY" || attempt === removeAttempts) {
      throw new TerrariumError("cgroupFailed", { call: "rmdir", path: directory, errno });
    }
    // A killed process leaves its cgroup only when it is reaped.
    pause(removeRetryMs);
  }
}

/** The parent that all sandboxes share goes with the last of them; while it is in use the kernel keeps it. */
function removeEmpty(directory: string): void {
  tryRemove(directory);
}

function tryRemove(directory: string): string | undefined {
  try {
    rmdirSync(directory);
    return undefined;
  } catch (error) {
    return isGone(error) ? undefined : errnoOf(error);
  }
}

/** Ids become directory names: nothing else than what the registry makes may get there. */
function checkId(id: string): void {
  if (isId(id)) return;
  throw new TerrariumError("cgroupFailed", { call: "mkdir", path: id, errno: "EINVAL" });
}

function isId(name: string): boolean {
  return /^[0-9a-f]{12}$/.test(name);
}
