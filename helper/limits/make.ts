import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { readCgroupFile, readCgroupProcesses, writeCgroupFile } from "../kernel/cgroupfs.ts";
import { errnoOf } from "../kernel/errors.ts";
import { TerrariumError } from "../protocol/errors.ts";
import { type CgroupPlace, helperName, isPrivileged, sandboxDirectory } from "./places.ts";

/** Controllers that a sandbox always gets where they can be had: they bring its figures, too. */
const usefulControllers: readonly string[] = ["cpu", "memory", "pids"];

/** Another helper may remove the shared parent, empty at that moment, between our two mkdirs. */
const mkdirAttempts = 10;

/**
 * Makes `<base>/terrarium/<id>` in one hierarchy, ready for processes and limits. Each directory that
 * did not exist is added to `made` at once, so that the caller can undo half a job.
 */
export function makeCgroup(
  place: CgroupPlace,
  id: string,
  required: ReadonlySet<string>,
  made: string[],
): void {
  const directory = sandboxDirectory(place, id);
  makeDirectories(directory, made);
  if (place.hierarchy.version === 2) {
    enableControllers(place, dirname(directory), required);
  } else if (place.controllers.includes("cpuset")) {
    inheritCpuset(place.base, dirname(directory));
    inheritCpuset(dirname(directory), directory);
  }
}

function makeDirectories(directory: string, made: string[]): void {
  const parent = dirname(directory);
  for (let attempt = 1; ; attempt += 1) {
    if (makeDirectory(parent) === undefined) made.push(parent);
    const errno = makeDirectory(directory);
    if (errno === undefined) {
      made.push(directory);
      return;
    }
    if (errno !== "ENOENT" || attempt === mkdirAttempts) {
      throw new TerrariumError("cgroupFailed", { call: "mkdir", path: directory, errno });
    }
  }
}

function makeDirectory(directory: string): string | undefined {
  try {
    mkdirSync(directory);
    return undefined;
  } catch (error) {
    return errnoOf(error);
  }
}

/** A version 2 cgroup has the controllers that each of its ancestors passes on in cgroup.subtree_control. */
function enableControllers(
  { base, controllers }: CgroupPlace,
  parent: string,
  required: ReadonlySet<string>,
): void {
  for (const controller of usefulControllers.filter((name) => controllers.includes(name))) {
    const errno = enableBelow(base, controller) ?? enableBelow(parent, controller);
    if (errno === undefined || !required.has(controller)) continue;
    const path = join(base, "cgroup.subtree_control");
    throw new TerrariumError("cgroupFailed", { call: `write +${controller}`, path, errno });
  }
}

/** One controller a write: a list is refused as a whole when one of them cannot be had. */
function enableBelow(directory: string, controller: string): string | undefined {
  if (isEnabled(directory, controller)) return undefined;
  const errno = writeControl(directory, controller);
  if (errno !== "EBUSY" || isPrivileged()) return errno;
  return evacuate(directory) ?? writeControl(directory, controller);
}

function isEnabled(directory: string, controller: string): boolean {
  const enabled = readCgroupFile(directory, "cgroup.subtree_control") ?? "";
  return enabled.split(/\s+/).includes(controller);
}

function writeControl(directory: string, controller: string): string | undefined {
  return writeCgroupFile(directory, "cgroup.subtree_control", `+${controller}`);
}

/**
 * A cgroup that passes controllers on may hold no process itself (EBUSY), and a delegated one holds at
 * least this helper: its processes move to a child first.
 */
function evacuate(directory: string): string | undefined {
  const child = join(directory, helperName);
  const errno = makeDirectory(child);
  if (errno !== undefined && errno !== "EEXIST") return errno;
  for (const pid of readCgroupProcesses(directory)) {
    const moved = writeCgroupFile(child, "cgroup.procs", String(pid));
    if (moved !== undefined && moved !== "ESRCH") return moved;
  }
  return undefined;
}

/** Version 1 refuses processes (ENOSPC) while cpus or mems are empty, as they are in a new cgroup: cpusets.rst. */
function inheritCpuset(parent: string, directory: string): void {
  for (const file of ["cpuset.cpus", "cpuset.mems"]) {
    if (readCgroupFile(directory, file)?.trim()) continue;
    const errno = writeCgroupFile(directory, file, readCgroupFile(parent, file)?.trim() ?? "");
    if (errno === undefined) continue;
    const path = join(directory, file);
    throw new TerrariumError("cgroupFailed", { call: "write", path, errno });
  }
}
