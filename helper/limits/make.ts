import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { readCgroupFile, readCgroupProcesses, writeCgroupFile } from "../kernel/cgroupfs.ts";
import { errnoOf } from "../kernel/errors.ts";
import { TerrariumError } from "../protocol/errors.ts";
import { type CgroupPlace, helperName, monitorName, sandboxDirectory } from "./places.ts";

/**
 * Controllers that a sandbox always gets where they can be had: they bring its figures, too. The others come
 * with a limit that needs them, for a controller in use costs each of its cgroup's operations something.
 */
const usefulControllers: readonly string[] = ["cpu", "memory", "pids"];

/** Another helper may remove the shared parent, empty at that moment, between our two mkdirs. */
const mkdirAttempts = 100;

/** ENODEV: the kernel was removing the parent when mkdir(2) had already found it (cgroup_kn_lock_live). */
const parentIsGone: ReadonlySet<string> = new Set(["ENOENT", "ENODEV"]);

/**
 * Makes a sandbox's cgroup in one hierarchy, ready for processes and limits. Each directory that
 * did not exist is added to `made` at once, so that the caller can undo half a job.
 */
export function makeCgroup(
  place: CgroupPlace,
  id: string,
  required: ReadonlySet<string>,
  made: string[],
): void {
  const directory = sandboxDirectory(place, id);
  if (place.scoped) makeInScope(directory, made);
  else makeDirectories(directory, made);
  if (place.hierarchy.version === 2) {
    enableControllers(place, dirname(directory), required);
  } else if (place.controllers.includes("cpuset")) {
    inheritCpuset(place.base, dirname(directory));
    inheritCpuset(dirname(directory), directory);
  }
}

/** The scope is systemd's to make; where it is gone, so is the launcher that was in it. */
function makeInScope(directory: string, made: string[]): void {
  const errno = makeDirectory(directory);
  if (errno !== undefined) throw failure("mkdir", directory, errno);
  made.push(directory);
}

function makeDirectories(directory: string, made: string[]): void {
  const parent = dirname(directory);
  for (let attempt = 1; ; attempt += 1) {
    const errno = makeDirectory(directory);
    if (errno === undefined) {
      made.push(directory);
      return;
    }
    if (!parentIsGone.has(errno) || attempt === mkdirAttempts) {
      throw failure("mkdir", directory, errno);
    }
    if (makeDirectory(parent) === undefined) made.push(parent);
  }
}

/** Answers the errno's name where it could not be made. */
export function makeDirectory(directory: string): string | undefined {
  try {
    mkdirSync(directory);
    return undefined;
  } catch (error) {
    return errnoOf(error);
  }
}

/**
 * A version 2 cgroup has the controllers that each of its ancestors passes on in cgroup.subtree_control.
 * One controller a write: a list is refused as a whole when one of them cannot be had.
 */
function enableControllers(
  { base, controllers, scoped }: CgroupPlace,
  parent: string,
  required: ReadonlySet<string>,
): void {
  const wanted = new Set([...usefulControllers, ...required]);
  const offered = controllers.filter((name) => wanted.has(name));
  if (offered.length === 0) return;
  const top = scoped ? parent : base;
  if (isOccupied(top)) {
    if (required.size === 0 && !scoped) return;
    evacuate(top, scoped ? monitorName : helperName);
  }
  for (const controller of offered) {
    for (const directory of new Set([top, parent])) {
      const isRequired = required.has(controller);
      const errno = enableBelow(directory, controller, isRequired);
      if (errno === undefined || !isRequired) continue;
      throw failure(`write +${controller}`, join(directory, "cgroup.subtree_control"), errno);
    }
  }
}

/**
 * Another helper's write may be half done: the file names the controller before its files are there, and
 * only a write waits for that. So what is required is written in any case.
 */
function enableBelow(
  directory: string,
  controller: string,
  isRequired: boolean,
): string | undefined {
  const enabled = readCgroupFile(directory, "cgroup.subtree_control") ?? "";
  if (!isRequired && enabled.split(/\s+/).includes(controller)) return undefined;
  return writeCgroupFile(directory, "cgroup.subtree_control", `+${controller}`);
}

/**
 * A cgroup that passes controllers on may hold no process itself; only the root of the hierarchy, which
 * has no cgroup.type, may. The kernel refuses memory (EBUSY) but takes cpu and pids, and then makes every
 * cgroup below "domain invalid": cgroup-v2.rst, "Threads". So we look, and do not try.
 */
function isOccupied(directory: string): boolean {
  const isHierarchyRoot = readCgroupFile(directory, "cgroup.type") === undefined;
  return !isHierarchyRoot && readCgroupProcesses(directory).length > 0;
}

/** A delegated cgroup holds at least this helper, a scope the launcher: its processes move to a child. */
function evacuate(directory: string, name: string): void {
  const child = join(directory, name);
  const errno = makeDirectory(child);
  if (errno !== undefined && errno !== "EEXIST") throw failure("mkdir", child, errno);
  for (const pid of readCgroupProcesses(directory)) {
    const refused = writeCgroupFile(child, "cgroup.procs", String(pid));
    if (refused === undefined || refused === "ESRCH") continue;
    throw failure(`move process ${pid} to`, child, refused);
  }
}

/** Version 1 refuses processes (ENOSPC) while cpus or mems are empty, as they are in a new cgroup: cpusets.rst. */
export function inheritCpuset(parent: string, directory: string): void {
  for (const file of ["cpuset.cpus", "cpuset.mems"]) {
    if (readCgroupFile(directory, file)?.trim()) continue;
    const errno = writeCgroupFile(directory, file, readCgroupFile(parent, file)?.trim() ?? "");
    if (errno !== undefined) throw failure("write", join(directory, file), errno);
  }
}

function failure(call: string, path: string, errno: string): TerrariumError {
  return new TerrariumError("cgroupFailed", { call, path, errno });
}
