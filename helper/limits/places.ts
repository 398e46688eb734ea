import { accessSync, constants } from "node:fs";
import { basename, dirname, join } from "node:path";
import {
  type CgroupMount,
  cgroupDirectory,
  readCgroupMounts,
  readControllers,
} from "../kernel/cgroupfs.ts";
import { systemdRoot } from "../systemd/booted.ts";
import { scopeId, scopeName, sliceName } from "../systemd/units.ts";

/** Name of our directory where no systemd is; the sandboxes' cgroups are its children. */
const parentName = "terrarium";

/**
 * What is below a sandbox's scope. Its monitor is beside it, for a cgroup that passes controllers on may hold no process
 * itself: cgroup-v2.rst, "No Internal Process Constraint".
 */
const sandboxName = "sandbox";
export const monitorName = "monitor";

/** Where the processes of a cgroup that was delegated to a user move when it gets controllers, for the same reason. */
export const helperName = "terrarium-helper";

/** One hierarchy in which this helper may make cgroups. */
export interface CgroupPlace {
  readonly hierarchy: CgroupMount;
  /** The directory below which we own what we make: the root of the hierarchy, or what was delegated to this user. */
  readonly base: string;
  /** The controllers that a cgroup here can have. */
  readonly controllers: readonly string[];
  /** Systemd owns what is below `base`, and gives each sandbox a scope to own: its CGROUP_DELEGATION, "single-writer rule". */
  readonly scoped: boolean;
}

/**
 * What every systemd passes on to a scope that is delegated, by cgroup version. Of version 1's other hierarchies it
 * leaves some to anybody (cpuset, freezer), and in some makes scopes or not (blkio, devices): none to rely on.
 */
const delegated: Readonly<Record<1 | 2, readonly string[]>> = {
  1: ["cpu", "memory", "pids"],
  2: ["cpu", "cpuset", "io", "memory", "pids"],
};

/**
 * Every hierarchy that can limit or observe something and where this helper may write. Named version 1
 * hierarchies belong to whoever named them (systemd, elogind).
 */
export function cgroupPlaces(): readonly CgroupPlace[] {
  return readCgroupMounts().hierarchies.flatMap((hierarchy): readonly CgroupPlace[] => {
    if (hierarchy.version === 1 && hierarchy.controllers.length === 0) return [];
    const root = isDelegating(hierarchy) ? systemdRoot() : undefined;
    const scoped = root !== undefined;
    const base = scoped ? cgroupDirectory(hierarchy, root) : baseDirectory(hierarchy);
    if (base === undefined || !isWritable(base)) return [];
    return [{ hierarchy, base, controllers: controllersIn(hierarchy, base, scoped), scoped }];
  });
}

/** Of all sandboxes together. */
export function sandboxesDirectory({ base, scoped }: CgroupPlace): string {
  return join(base, scoped ? sliceName : parentName);
}

/** What we may remove it from: the scope that systemd made for it, or the directory of all. */
export function directoryAbove(place: CgroupPlace, id: string): string {
  const sandboxes = sandboxesDirectory(place);
  return place.scoped ? join(sandboxes, scopeName(id)) : sandboxes;
}

/** Where a sandbox's processes and limits are. */
export function sandboxDirectory(place: CgroupPlace, id: string): string {
  return join(directoryAbove(place, id), place.scoped ? sandboxName : id);
}

/** The id of the sandbox whose cgroup this is, by the names of it and the one above. */
export function sandboxIdOf(parent: string, name: string): string | undefined {
  if (parent === parentName) return /^[0-9a-f]{12}$/.test(name) ? name : undefined;
  return name === sandboxName ? scopeId(parent) : undefined;
}

export function isPrivileged(): boolean {
  return process.geteuid?.() === 0;
}

/** To root; a user's systemd did it already, for all that the user starts. */
function isDelegating({ version, controllers }: CgroupMount): boolean {
  if (!isPrivileged()) return false;
  return version === 2 || controllers.some((name) => delegated[1].includes(name));
}

function controllersIn(
  { version, controllers }: CgroupMount,
  base: string,
  scoped: boolean,
): readonly string[] {
  if (version === 1) return controllers;
  const offered = readControllers(base);
  return scoped ? offered.filter((name) => delegated[2].includes(name)) : offered;
}

/** Root writes from the hierarchy's top. A user has at most the cgroup that the helper was started in: systemd's delegation. */
function baseDirectory(hierarchy: CgroupMount): string | undefined {
  if (isPrivileged()) return hierarchy.mountPoint;
  const own = cgroupDirectory(hierarchy, hierarchy.ownPath);
  if (own === undefined) return undefined;
  return basename(own) === helperName ? dirname(own) : own;
}

/** A child cgroup is made and processes are moved: both need the right to write, and no read-only mount. */
function isWritable(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK | constants.X_OK);
    accessSync(join(directory, "cgroup.procs"), constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
