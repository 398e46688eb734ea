import { accessSync, constants, statSync } from "node:fs";
import { resolve } from "node:path";
import { deviceNumber } from "../kernel/devices.ts";
import { errnoOf } from "../kernel/errors.ts";
import { deviceWall, needsWall } from "../limits/deviceAccess.ts";
import type { DeviceRule } from "../limits/deviceProgram.ts";
import { type WantedDevice, wantedDevice } from "../protocol/devices.ts";
import { TerrariumError } from "../protocol/errors.ts";
import type { SandboxSpec } from "../protocol/schemas.ts";
import { contains } from "./containment.ts";
import type { Asker } from "./identity/identity.ts";
import type { Sources } from "./paths.ts";

/** What the launcher makes in /dev itself: native/dev.c. */
const own = "null zero full random urandom tty fd stdin stdout stderr ptmx pts shm mqueue".split(
  " ",
);

/** The devices of the host that a spec asks for, where their paths led. Throws pathRefused. */
export function checkDevices(
  { devices = [] }: Pick<SandboxSpec, "devices">,
  { sources, asker }: { readonly sources: Sources; readonly asker: Asker },
): void {
  for (const device of devices.map(wantedDevice)) {
    const real = sources.get(device.source) ?? device.source;
    checkTarget(device.target);
    ruleOf(device, real);
    checkWall(device);
    if (asker.uid === 0) checkStranger(device, real);
    else checkOwn(device, real);
  }
}

/** What the wall around a sandbox's devices lets through, for these. Throws pathRefused. */
export function deviceRules({ devices = [] }: SandboxSpec, sources: Sources): DeviceRule[] {
  return devices.map(wantedDevice).map((device) => ruleOf(device, sources.get(device.source)));
}

function ruleOf({ source, access }: WantedDevice, real = source): DeviceRule {
  const status = statSync(real, { bigint: true });
  if (!status.isCharacterDevice() && !status.isBlockDevice()) refuse(source, "it is no device");
  const [major = 0, minor = 0] = deviceNumber(status.rdev).split(":").map(Number);
  return { type: status.isBlockDevice() ? "b" : "c", major, minor, access };
}

function checkTarget(target: string): void {
  const path = resolve(target);
  if (path === "/dev" || !contains("/dev", path)) {
    refuse(target, "a device has its place below /dev");
  }
  if (own.some((name) => contains(`/dev/${name}`, path))) {
    refuse(target, "this is the sandbox's own");
  }
}

function checkWall({ source, access }: WantedDevice): void {
  if (!needsWall({ access }) || deviceWall() !== "none") return;
  refuse(
    source,
    `nothing here can hold it to "${access}" (that takes root, and the devices controller or BPF): ask for rw`,
  );
}

/** Root's sandboxes have ids that are nobody's on the host, so the mode's last digit counts. */
function checkStranger({ source, access }: WantedDevice, real: string): void {
  const { mode } = statSync(real);
  const missing = wantedMode(access) & ~mode;
  if (missing === 0) return;
  refuse(
    source,
    `its mode is ${(mode & 0o777).toString(8)}, and whoever is in a sandbox of root is a stranger to the host: make a node for it that strangers may open (mknod -m 666), in a folder of your own`,
  );
}

function checkOwn({ source, access }: WantedDevice, real: string): void {
  try {
    accessSync(real, wantedMode(access));
  } catch (error) {
    refuse(source, `you may not open it yourself (access: ${errnoOf(error)})`);
  }
}

/** R_OK and W_OK are also the bits of a mode. */
function wantedMode(access: string): number {
  return (/r/.test(access) ? constants.R_OK : 0) | (/w/.test(access) ? constants.W_OK : 0);
}

function refuse(path: string, reason: string): never {
  throw new TerrariumError("pathRefused", { path, reason });
}
