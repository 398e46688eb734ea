import type { MountInfo } from "../kernel/mountinfo.ts";
import { namespaceLinks, readMountinfo, readProcessLink } from "../kernel/procfs.ts";
import type { Folder } from "../launch/folders.ts";

/** Where the helper, and so the editor, finds what a process has in its mounts. */
export function foldersOf(pid: number): readonly Folder[] {
  try {
    const [own, theirs] = [readMountinfo("self"), readMountinfo(pid)];
    return own && theirs ? [...chrootOf(pid), ...matchFolders(own, theirs)] : [];
  } catch {
    return []; // It may not be looked at, or has ended: nothing is known of its folders.
  }
}

/** Whose root is no mount has none in its mountinfo; among the helper's own mounts the link says where that is. */
function chrootOf(pid: number): readonly Folder[] {
  const [own, theirs] = [namespaceLinks(process.pid, ["mnt"]), namespaceLinks(pid, ["mnt"])];
  const isOurs = typeof own === "object" && typeof theirs === "object" && own.mnt === theirs.mnt;
  return isOurs ? [{ inside: "/", outside: readProcessLink(pid, "root") }] : [];
}

/** A mount of theirs shows a part of a file system of which a mount of ours shows the same, or more around it. */
export function matchFolders(
  own: readonly MountInfo[],
  theirs: readonly MountInfo[],
): readonly Folder[] {
  return theirs.map((mount) => {
    const same = own.filter(({ device }) => device === mount.device);
    const [outside] = same.flatMap((one) => placeOf(one, mount, own));
    return { inside: mount.mountPoint, outside };
  });
}

/** None where something else is mounted over it. */
function placeOf(one: MountInfo, { root }: MountInfo, own: readonly MountInfo[]): string[] {
  const rest = below(root, one.root);
  if (rest === undefined) return [];
  const path = `${one.mountPoint === "/" ? "" : one.mountPoint}${rest}` || "/";
  return topmost(own, path) === one ? [path] : [];
}

function topmost(mounts: readonly MountInfo[], path: string): MountInfo | undefined {
  return mounts
    .filter(({ mountPoint }) => below(path, mountPoint) !== undefined)
    .reduce<MountInfo | undefined>(
      (best, mount) => (best && best.mountPoint.length > mount.mountPoint.length ? best : mount),
      undefined,
    );
}

/** What comes behind a folder in a path, with its slash; undefined where the path leads elsewhere. */
function below(path: string, folder: string): string | undefined {
  if (folder === "/") return path === "/" ? "" : path;
  if (path === folder) return "";
  return path.startsWith(`${folder}/`) ? path.slice(folder.length) : undefined;
}
