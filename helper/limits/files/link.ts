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

/** The host's end, where a cgroup has a directory. */
export function isLink(directory: string): boolean {
  return /^tr-[0-9a-f]{12}$/.test(directory);
}

export function linkFiles(device: string): CgroupFiles {
  return {
    read: (file) => {
      const direction = directionOf(file);
      return direction && `${rates[direction].read(device) ?? "max"}`;
    },
    readAbove: () => undefined,
  };
}

export function writeLink(device: string, file: string, text: string): string | undefined {
  const direction = directionOf(file);
  if (!direction) return "ENOENT";
  return rates[direction].write(device, text === "max" ? undefined : Number(text));
}

function directionOf(file: string): Direction | undefined {
  if (file === linkFile.up) return "up";
  return file === linkFile.down ? "down" : undefined;
}
