import { closeSync } from "node:fs";
import { attachDeviceProgram, loadDeviceProgram } from "../kernel/bpf.ts";
import { writeCgroupFile } from "../kernel/cgroupfs.ts";
import { errnoOf } from "../kernel/errors.ts";
import { TerrariumError } from "../protocol/errors.ts";
import { type DeviceRule, deviceProgram } from "./deviceProgram.ts";
import { cgroupPlaces, isPrivileged } from "./places.ts";
import type { PlacedCgroup } from "./target.ts";

/**
 * The devices that a sandbox may open, should one come into its reach at all (its mounts are nodev, and mknod(2) of a
 * device is not for its user namespace): null, zero, full, random, urandom, tty, console, ptmx and the terminals of
 * any devpts, as in Docker. Documentation/admin-guide/devices.txt.
 */
const allowed: readonly DeviceRule[] = [
  ...[3, 5, 7, 8, 9].map((minor) => ({ type: "c", major: 1, minor }) as const),
  ...[0, 1, 2].map((minor) => ({ type: "c", major: 5, minor }) as const),
  { type: "c", major: 136 },
];

/**
 * A wall behind others, and for root alone: the kernel lets nobody else say it. Where there is neither version 1's
 * controller nor BPF for cgroups, those others stand, and nobody gets a device that only this one would hold to less
 * than rw. Throws cgroupFailed.
 */
export function confineDevices(
  cgroups: readonly PlacedCgroup[],
  asked: readonly DeviceRule[],
): void {
  if (!isPrivileged()) return;
  const first = cgroups.find(({ hierarchy }) => hierarchy.controllers.includes("devices"));
  const second = cgroups.find(({ hierarchy }) => hierarchy.version === 2);
  if (first) allowInVersion1(first.directory, asked);
  else if (second) allowInVersion2(second.directory, asked);
}

export type DeviceWall = "devices controller" | "BPF" | "none";

/** Which wall a sandbox made now would have: the same choice. */
export function deviceWall(): DeviceWall {
  if (!isPrivileged()) return "none";
  const hierarchies = cgroupPlaces().map(({ hierarchy }) => hierarchy);
  if (hierarchies.some(({ controllers }) => controllers.includes("devices"))) {
    return "devices controller";
  }
  return hierarchies.some(({ version }) => version === 2) && takesPrograms() ? "BPF" : "none";
}

function takesPrograms(): boolean {
  try {
    closeSync(loadDeviceProgram(deviceProgram(allowed)));
    return true;
  } catch {
    return false;
  }
}

/** cgroup-v1/devices.rst: what the cgroup above may not, this one cannot be allowed. */
function allowInVersion1(directory: string, asked: readonly DeviceRule[]): void {
  const refused = writeCgroupFile(directory, "devices.deny", "a");
  if (refused === "EPERM" && !asked.some(needsWall)) return;
  if (refused !== undefined) throw failure("write", `${directory}/devices.deny`, refused);
  for (const rule of [...allowed, ...asked]) {
    const { type, major, minor = "*", access = "rwm" } = rule;
    const errno = writeCgroupFile(
      directory,
      "devices.allow",
      `${type} ${major}:${minor} ${access}`,
    );
    if (errno === undefined || (errno === "EPERM" && !asked.includes(rule))) continue;
    throw failure("write", `${directory}/devices.allow`, errno);
  }
}

/** What a kernel without it answers, and one in a container whose root may not. */
const missing: ReadonlySet<string> = new Set(["ENOSYS", "EINVAL", "EPERM"]);

/** Where the kernel takes the program the wall is promised: then there is no sandbox without it. */
function allowInVersion2(directory: string, asked: readonly DeviceRule[]): void {
  const program = load(directory, asked);
  if (program === undefined) return;
  try {
    attachDeviceProgram(directory, program);
  } catch (error) {
    throw failure("bpf BPF_PROG_ATTACH", directory, errnoOf(error));
  } finally {
    closeSync(program);
  }
}

function load(directory: string, asked: readonly DeviceRule[]): number | undefined {
  try {
    return loadDeviceProgram(deviceProgram([...allowed, ...asked]));
  } catch (error) {
    const errno = errnoOf(error);
    if (missing.has(errno) && !asked.some(needsWall)) return undefined;
    throw failure("bpf BPF_PROG_LOAD", directory, errno);
  }
}

/** A mount that is read-only does not keep anybody from writing to a device: mount(8), only the cgroup does. */
export function needsWall({ access = "rwm" }: Pick<DeviceRule, "access">): boolean {
  return !/r/.test(access) || !/w/.test(access);
}

function failure(call: string, path: string, errno: string): TerrariumError {
  return new TerrariumError("cgroupFailed", { call, path, errno });
}
