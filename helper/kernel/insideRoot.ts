import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readlinkSync,
  readSync,
} from "node:fs";
import { basename, join } from "node:path";
import { openat2 } from "./libc.ts";
import { readMountinfo } from "./procfs.ts";

/** linux/openat2.h. */
const RESOLVE_NO_XDEV = 0x01;
const RESOLVE_NO_MAGICLINKS = 0x02;
const RESOLVE_IN_ROOT = 0x10;
const O_PATH = 0o10000000;

/**
 * The files of another process's root, whose names and content are somebody else's. Links stay below it and mounts
 * are not crossed: a mount may be a program's (FUSE), which need never answer. For the same reason nothing is read of
 * a root that is one.
 */
export interface InsideRoot {
  exists(path: string): boolean;
  /** Of the file that a path leads to, by the links at its end, its own last name. */
  fileName(path: string): string | undefined;
  /** Of a plain file; undefined where there is none, or it is longer than `capBytes`. */
  text(path: string, capBytes: number): string | undefined;
}

/** Undefined: the root may not be looked at, and nobody knows what is there. */
export function withinRoot<T>(pid: number, look: (root: InsideRoot) => T): T | undefined {
  if (isServedByProgram(pid)) return undefined;
  let root: number | undefined;
  try {
    root = openSync(`/proc/${pid}/root`, O_PATH | constants.O_DIRECTORY);
    return look(insideRoot(root, `/proc/${pid}/root`));
  } catch {
    return undefined;
  } finally {
    if (root !== undefined) closeSync(root);
  }
}

/** The root of a chroot is no mount, so that nobody knows what it lies on. */
function isServedByProgram(pid: number): boolean {
  try {
    const mounts = readMountinfo(pid) ?? [];
    const top = mounts.filter(({ mountPoint }) => mountPoint === "/").at(-1);
    return top === undefined || top.fileSystem.startsWith("fuse");
  } catch {
    return true;
  }
}

function insideRoot(root: number, path: string): InsideRoot {
  const open = (name: string, flags: number, resolve: number) =>
    openat2(root, name, flags, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | resolve);
  return {
    exists: (name) => {
      const fd = open(name, O_PATH, 0);
      // Before Linux 5.6: the name alone, without what a link leads to.
      if (fd === "ENOSYS")
        return lstatSync(join(path, name), { throwIfNoEntry: false }) !== undefined;
      if (typeof fd === "number") closeSync(fd);
      return typeof fd === "number";
    },
    fileName: (name) => {
      const fd = open(name, O_PATH, 0);
      if (typeof fd !== "number") return undefined;
      const found = readlinkSync(`/proc/self/fd/${fd}`);
      closeSync(fd);
      return basename(found);
    },
    text: (name, capBytes) => {
      const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;
      const fd = open(name, flags, RESOLVE_NO_XDEV);
      return typeof fd === "number" ? readPlain(fd, capBytes) : undefined;
    },
  };
}

function readPlain(fd: number, capBytes: number): string | undefined {
  try {
    const status = fstatSync(fd);
    if (!status.isFile() || status.size > capBytes) return undefined;
    const memory = Buffer.alloc(capBytes);
    return memory.toString("utf8", 0, readSync(fd, memory, 0, capBytes, 0));
  } finally {
    closeSync(fd);
  }
}
