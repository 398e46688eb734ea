import { basename, join } from "node:path";
import { type Direction, rates } from "../../network/rates.ts";
import type { CgroupFiles } from "./limitFile.ts";

/** The rates of a sandbox's network link, as if they were files of a cgroup: `max`, or bytes per second. */

export type { Direction };

/** No controller of the kernel's has this name. */
export const linkController = "link";

export const noLink =
  "it has no network link of its own, which --network veth or nat gives (a helper that runs as root)";

/** What holds each. */
export const linkFile: Readonly<Record<Direction, string>> = { up: "nft-limit", down: "tc-tbf" };

/** sysfs(5), in which nobody makes a file: what is read beside a link, as of a parent, is nobody's. */
export const links = "/sys/class/net";

/** Of the host's end, where a cgroup has one. */
export function linkDirectory(device: string): string {
  return join(links, device);
}

export function isLink(directory: string): boolean {
  return /^\/sys\/class\/net\/tr-[0-9a-f]{12}$/.test(directory);
}

export function linkFiles(directory: string): CgroupFiles {
  const device = basename(directory);
  return {
    read: (file) => {
      const direction = directionOf(file);
      return direction && `${rates[direction].read(device) ?? "max"}`;
    },
    readAbove: () => undefined,
  };
}

export function writeLink(directory: string, file: string, text: string): string | undefined {
  const direction = directionOf(file);
  if (!direction) return "ENOENT";
  return rates[direction].write(basename(directory), text === "max" ? undefined : Number(text));
}

function directionOf(file: string): Direction | undefined {
  if (file === linkFile.up) return "up";
  return file === linkFile.down ? "down" : undefined;
}
