import { posix } from "node:path";
import type { MountInfo } from "./mountinfo.ts";

/**
 * What a mount in another mount namespace shows of the host's files. Pure: two mountinfo files are compared. A
 * file system that was mounted anew inside has a device number that the host's list does not hold.
 */

/** The host's path of a mount's root; undefined when the host has it mounted nowhere. */
export function hostPathOf(
  { device, root }: Pick<MountInfo, "device" | "root">,
  hostMounts: readonly MountInfo[],
): string | undefined {
  const [nearest] = hostMounts
    .filter((mount) => mount.device === device && isBelow(root, mount.root))
    .sort((a, b) => b.root.length - a.root.length);
  return nearest && posix.join(nearest.mountPoint, posix.relative(nearest.root, root));
}

/** Where a path of the host is seen among the mounts of another namespace; the first such place. */
export function seenAt(
  path: string,
  hostMounts: readonly MountInfo[],
  mounts: readonly MountInfo[],
): string | undefined {
  const host = mountOf(path, hostMounts);
  if (!host) return undefined;
  const inside = posix.join(host.root, posix.relative(host.mountPoint, path));
  return mounts
    .filter((mount) => mount.device === host.device && isBelow(inside, mount.root))
    .map((mount) => ({
      mount,
      at: posix.join(mount.mountPoint, posix.relative(mount.root, inside)),
    }))
    .find(({ mount, at }) => mountOf(at, mounts) === mount)?.at;
}

/** The mount that a path leads to: the longest mount point, and of several the one mounted last, on top. */
export function mountOf(path: string, mounts: readonly MountInfo[]): MountInfo | undefined {
  return mounts
    .filter(({ mountPoint }) => isBelow(path, mountPoint))
    .reduce<MountInfo | undefined>(
      (top, next) => (top && top.mountPoint.length > next.mountPoint.length ? top : next),
      undefined,
    );
}

/** The directory itself counts as below. */
export function isBelow(path: string, directory: string): boolean {
  return directory === "/" || path === directory || path.startsWith(`${directory}/`);
}
