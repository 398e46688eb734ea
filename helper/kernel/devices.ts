import { type BigIntStats, lstatSync, readdirSync, readlinkSync } from "node:fs";
import { basename, join } from "node:path";

/** A device that can be opened by a path. */
export interface DeviceNode {
  readonly path: string;
  /** The kernel's own name for its number, whatever the file is called; `MAJOR:MINOR` where it has none. */
  readonly name: string;
  readonly block: boolean;
}

/** /dev/bus/usb/001 is the deepest directory that the kernel itself makes. */
const deepest = 3;
/** More than any machine has; a directory that somebody filled does not hold us up. */
const mostNodes = 4096;

/**
 * The device nodes at a path, or below it where it is a directory. Links are not followed. Throws the error of
 * node:fs when the path itself cannot be read.
 */
export function readDeviceNodes(path: string, shownAs: string, depth = deepest): DeviceNode[] {
  const status = lstatSync(path, { bigint: true });
  if (status.isCharacterDevice() || status.isBlockDevice()) return [describe(status, shownAs)];
  if (!status.isDirectory() || depth < 0) return [];
  return readdirSync(path)
    .slice(0, mostNodes)
    .flatMap((name) => readBelow(join(path, name), join(shownAs, name), depth - 1));
}

/** What went away meanwhile, or is closed to us, is not there for the list. */
function readBelow(path: string, shownAs: string, depth: number): DeviceNode[] {
  try {
    return readDeviceNodes(path, shownAs, depth);
  } catch {
    return [];
  }
}

function describe(status: BigIntStats, path: string): DeviceNode {
  const block = status.isBlockDevice();
  const number = deviceNumber(status.rdev);
  return { path, name: deviceName(block, number), block };
}

/** /sys/dev/char/1:3 leads to …/mem/null. */
function deviceName(block: boolean, number: string): string {
  try {
    return basename(readlinkSync(`/sys/dev/${block ? "block" : "char"}/${number}`));
  } catch {
    return number;
  }
}

/** `MAJOR:MINOR` of an st_rdev. */
export function deviceNumber(device: bigint): string {
  return `${major(device)}:${minor(device)}`;
}

/** sysmacros.h: glibc's dev_t, 12 bits of the major number above 8 bits of the minor, and the rest above. */
function major(device: bigint): bigint {
  return ((device >> 8n) & 0xfffn) | ((device >> 32n) & ~0xfffn);
}

function minor(device: bigint): bigint {
  return (device & 0xffn) | ((device >> 12n) & ~0xffn);
}
