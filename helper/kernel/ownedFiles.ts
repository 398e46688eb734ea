import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  type Stats,
  watch,
} from "node:fs";
import { posix } from "node:path";
import { readMountinfo } from "./procfs.ts";

/**
 * Files in which somebody keeps state, read by a helper that may be root. A path is walked directory by directory
 * from descriptor to descriptor: no link is followed, every part belongs to root or to the one whose state it is (the
 * last to that one), and nobody else could have put another in its place. What is not so is as if it were not there.
 */

/** include/uapi/asm-generic/fcntl.h; Node has no name for it. The descriptor is a place, nothing is opened. */
const O_PATH = 0o10000000;
const place = O_PATH | constants.O_NOFOLLOW;

/** The text of a regular file of at most so many bytes; undefined where it is absent, longer or not to be trusted. */
export function readOwnedFile(path: string, uid: number, maximumBytes: number): string | undefined {
  return withOwned(path, uid, (fd, stats) => {
    // A user's word may not lead to a file of root's, of which all but the contents would be right.
    if (!stats.isFile() || stats.uid !== uid || stats.size > maximumBytes) return undefined;
    return readBounded(reopened(fd), stats.size);
  });
}

/** Names in a directory; empty where it is absent or not to be trusted. */
export function listOwnedDirectory(path: string, uid: number): readonly string[] {
  return withOwned(path, uid, (fd) => readdirSync(reopened(fd))) ?? [];
}

/** Time of the last change of a directory's entries, to know when to list it again. */
export function ownedDirectoryChange(path: string, uid: number): number | undefined {
  return withOwned(path, uid, (_, stats) => (stats.isDirectory() ? stats.mtimeMs : undefined));
}

/**
 * Calls `onChange` when this very file is written, or another takes its place; undefined where there is none to be
 * trusted, or the user's watches are used up. Answers how to end it.
 */
export function watchOwnedFile(
  path: string,
  uid: number,
  onChange: () => void,
): (() => void) | undefined {
  return withOwned(path, uid, (fd, stats) => {
    if (!stats.isFile() || stats.uid !== uid) return undefined;
    const watcher = watch(reopened(fd), { persistent: false }, onChange);
    watcher.on("error", onChange);
    return () => watcher.close();
  });
}

/** Calls `use` with a path to a socket that stays this one while it runs; undefined where there is none to be trusted. */
export async function withOwnedSocket<T>(
  path: string,
  uid: number,
  use: (path: string) => Promise<T>,
): Promise<T | undefined> {
  const directory = openOwned(posix.dirname(path), uid);
  if (directory === undefined) return undefined;
  try {
    const same = `${reopened(directory)}/${posix.basename(path)}`;
    const socket = openBelow(directory, posix.basename(path));
    if (socket === undefined) return undefined;
    const stats = statsAndClose(socket);
    return stats.isSocket() && stats.uid === uid ? await use(same) : undefined;
  } finally {
    closeSync(directory);
  }
}

function withOwned<T>(path: string, uid: number, use: (fd: number, stats: Stats) => T) {
  const fd = openOwned(path, uid);
  if (fd === undefined) return undefined;
  try {
    return use(fd, fstatSync(fd));
  } catch {
    return undefined;
  } finally {
    closeSync(fd);
  }
}

/** A descriptor of the path's end; undefined where a part of it is absent, a link or not to be trusted. */
function openOwned(path: string, uid: number): number | undefined {
  if (!posix.isAbsolute(path) || posix.normalize(path) !== path || path.includes("\0")) {
    return undefined;
  }
  let fd = openSync("/", place);
  // The one link that every distribution has, and that engines' paths lead over.
  const straight = path.startsWith("/var/run/") ? path.slice("/var".length) : path;
  for (const name of straight.split("/").filter(Boolean)) {
    const next = openBelow(fd, name);
    closeSync(fd);
    if (next === undefined) return undefined;
    fd = next;
    if (isTrusted(fd, uid)) continue;
    closeSync(fd);
    return undefined;
  }
  return fd;
}

function openBelow(directory: number, name: string): number | undefined {
  try {
    return openSync(`${reopened(directory)}/${name}`, place);
  } catch {
    return undefined;
  }
}

/** The kernel's own link to what a descriptor stands for: proc_pid_fd(5). */
function reopened(fd: number): string {
  return `/proc/self/fd/${fd}`;
}

/** The file system is asked about before the file is: fstat(2) on a file system of the user's may never return. */
function isTrusted(fd: number, uid: number): boolean {
  if (uid !== 0 && uid !== process.geteuid?.() && !isOnLocalDisk(fd)) return false;
  const stats = fstatSync(fd);
  return owns(stats, uid) && !(stats.isDirectory() && isReplaceable(stats, uid));
}

function owns({ uid: owner }: Stats, uid: number): boolean {
  return owner === 0 || owner === uid;
}

/** Where others may write they may rename what is in it, unless the sticky bit keeps them to their own. */
function isReplaceable({ mode, gid, uid: owner }: Stats, uid: number): boolean {
  if ((mode & 0o1000) !== 0) return false;
  const byGroup = (mode & 0o020) !== 0 && gid !== 0 && (uid === 0 || owner === 0);
  return byGroup || (mode & 0o002) !== 0;
}

/** Root does not wait for a server, nor for a program of the user's behind FUSE. */
const localFileSystems: ReadonlySet<string> = new Set([
  ..."tmpfs ramfs overlay ext2 ext3 ext4 xfs btrfs f2fs zfs bcachefs".split(" "),
]);

function isOnLocalDisk(fd: number): boolean {
  const info = readFileSync(`/proc/self/fdinfo/${fd}`, "utf8");
  const id = Number(/^mnt_id:\s*(\d+)$/m.exec(info)?.[1]);
  const mount = readMountinfo("self")?.find((candidate) => candidate.id === id);
  return mount !== undefined && localFileSystems.has(mount.fileSystem);
}

/** As much as it held when it was looked at: what is written meanwhile is not waited for. */
function readBounded(path: string, size: number): string {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const buffer = Buffer.allocUnsafe(size);
    let length = 0;
    for (let more = -1; more !== 0 && length < size; length += more) {
      more = readSync(fd, buffer, length, size - length, null);
    }
    return buffer.toString("utf8", 0, length);
  } finally {
    closeSync(fd);
  }
}

function statsAndClose(fd: number): Stats {
  try {
    return fstatSync(fd);
  } finally {
    closeSync(fd);
  }
}
