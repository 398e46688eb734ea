import { existsSync, readlinkSync, realpathSync, statSync } from "node:fs";
import { basename, dirname } from "node:path";
import { deviceNumber } from "./devices.ts";
import { errnoOf } from "./errors.ts";

export interface BlockDevice {
  /** `MAJOR:MINOR`, as sysfs and cgroups write it. */
  readonly number: string;
  /** Of a partition: the disk that it is on. */
  readonly disk?: string | undefined;
}

/** A path below /dev, links followed, or a number. Answers why where there is no such device. */
export function findBlockDevice(text: string): BlockDevice | { readonly why: string } {
  const number = /^\d+:\d+$/.test(text) ? text : numberAt(text);
  if (typeof number === "object") return number;
  if (!existsSync(sysfs(number))) return { why: "this machine has no such block device" };
  return { number, disk: diskOf(number) };
}

/** `/dev/vda` of `254:0`; the number itself where /dev has no such name. */
export function blockDeviceName(number: string): string {
  const path = namedInDev(number);
  return path !== undefined && numberAt(path) === number ? path : number;
}

function numberAt(path: string): string | { readonly why: string } {
  try {
    const status = statSync(path, { bigint: true });
    return status.isBlockDevice() ? deviceNumber(status.rdev) : { why: "it is no block device" };
  } catch (error) {
    const errno = errnoOf(error);
    return { why: errno === "ENOENT" ? "there is no such file" : errno };
  }
}

/** A `/` in a device's name is a `!` in sysfs. */
function namedInDev(number: string): string | undefined {
  try {
    return `/dev/${basename(readlinkSync(sysfs(number))).replaceAll("!", "/")}`;
  } catch {
    return undefined;
  }
}

/** …/block/vda/vda1: the directory above a partition's is its disk's. */
function diskOf(number: string): string | undefined {
  if (!existsSync(`${sysfs(number)}/partition`)) return undefined;
  return `/dev/${basename(dirname(realpathSync(sysfs(number))))}`;
}

function sysfs(number: string): string {
  return `/sys/dev/block/${number}`;
}
