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

/** Where a path of the host is seen in another mount namespace, both by their visible mounts; the first such place. */
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

/** The mount that a path leads to, of those that are visible: that with the longest mount point. */
export function mountOf(path: string, visible: readonly MountInfo[]): MountInfo | undefined {
  return visible
    .filter(({ mountPoint }) => isBelow(path, mountPoint))
    .reduce<MountInfo | undefined>(
      (top, next) => (top && top.mountPoint.length > next.mountPoint.length ? top : next),
      undefined,
    );
}

/**
 * Those that a path still leads to. What lies on top of a mount is its child at the same mount point, and hides
 * all else below that point; bubblewrap leaves such mounts writable, because nobody reaches them.
 */
export function visibleMounts(mounts: readonly MountInfo[]): readonly MountInfo[] {
  const byId = new Map(mounts.map((mount) => [mount.id, mount]));
  const points = pointsByParent(mounts);
  const known = new Map<number, boolean>();
  const isReached = (mount: MountInfo): boolean => {
    const answer = known.get(mount.id);
    if (answer !== undefined) return answer;
    // Known before its parent is looked at, so that no list of numbers leads in a circle.
    known.set(mount.id, true);
    const parent = byId.get(mount.parentId);
    // Mounted after such a sibling, it would be the sibling's child.
    const reached =
      !parent || (isReached(parent) && !isHidden(mount.mountPoint, points.get(mount.parentId)));
    known.set(mount.id, reached);
    return reached;
  };
  const isCovered = ({ id, mountPoint }: MountInfo) => points.get(id)?.has(mountPoint) ?? false;
  return mounts.filter((mount) => isReached(mount) && !isCovered(mount));
}

/** Mount points by the mount that they are in. The first root of all is its own parent, and nobody's child. */
function pointsByParent(mounts: readonly MountInfo[]): ReadonlyMap<number, ReadonlySet<string>> {
  const points = new Map<number, Set<string>>();
  for (const { id, parentId, mountPoint } of mounts) {
    if (id === parentId) continue;
    const known = points.get(parentId);
    if (known) known.add(mountPoint);
    else points.set(parentId, new Set([mountPoint]));
  }
  return points;
}

function isHidden(path: string, siblings: ReadonlySet<string> | undefined): boolean {
  const above = posix.dirname(path);
  if (above === path || siblings === undefined) return false;
  return siblings.has(above) || isHidden(above, siblings);
}

/** The directory itself counts as below. */
export function isBelow(path: string, directory: string): boolean {
  return directory === "/" || path === directory || path.startsWith(`${directory}/`);
}
