import { accessSync, constants } from "node:fs";
import { basename, dirname, join } from "node:path";
import {
  type CgroupMount,
  cgroupDirectory,
  readCgroupMounts,
  readControllers,
} from "../kernel/cgroupfs.ts";

/** Name of our directory in each hierarchy; the sandboxes' cgroups are its children. */
export const parentName = "terrarium";

/** Where the processes of a delegated cgroup move when it gets controllers: cgroup-v2.rst, "No Internal Process Constraint". */
export const helperName = "terrarium-helper";

/** One hierarchy in which this helper may make cgroups. */
export interface CgroupPlace {
  readonly hierarchy: CgroupMount;
  /** The directory below which we own what we make: the root of the hierarchy, or what was delegated to this user. */
  readonly base: string;
  /** The controllers that a cgroup here can have. */
  readonly controllers: readonly string[];
}

/**
 * Every hierarchy that can limit or observe something and where this helper may write. Named version 1
 * hierarchies belong to whoever named them (systemd, elogind).
 */
export function cgroupPlaces(): readonly CgroupPlace[] {
  return readCgroupMounts().hierarchies.flatMap((hierarchy): readonly CgroupPlace[] => {
    if (hierarchy.version === 1 && hierarchy.controllers.length === 0) return [];
    const base = baseDirectory(hierarchy);
    if (base === undefined || !isWritable(base)) return [];
    const controllers = hierarchy.version === 2 ? readControllers(base) : hierarchy.controllers;
    return [{ hierarchy, base, controllers }];
  });
}

/** Of all sandboxes together. */
export function sandboxesDirectory({ base }: CgroupPlace): string {
  return join(base, parentName);
}

export function sandboxDirectory(place: CgroupPlace, id: string): string {
  return join(sandboxesDirectory(place), id);
}

export function isPrivileged(): boolean {
  return process.geteuid?.() === 0;
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
