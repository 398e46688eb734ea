import { constants } from "node:fs";
import { constants as system } from "node:os";
import { type NamespaceType, namespaceTypes } from "../protocol/namespaces.ts";
import { type DirectCalls, directCalls } from "./libc.ts";
import type { NamespaceInodes } from "./taskTable.ts";

/**
 * A directory of /proc, for whoever reads the same few files and links of every process. Against absolute paths
 * and Node's calls, which resolve each path from its beginning and throw what fails, it takes three quarters of
 * the time. What is open is its `ns`, where most calls go: one directory to open in place of two.
 */
export interface ProcessDirectory {
  /** Effective. A process that is not dumpable gives up its files to root, but not this directory (task_dump_owner). */
  uid(): number | undefined;
  /** Undefined where the process is gone, or hidden. */
  text(file: ProcessFile): string | undefined;
  /** Reading needs the rights of ptrace(2), PTRACE_MODE_READ_FSCREDS. */
  namespaces(): NamespaceInodes | "denied";
  close(): void;
}

export type ProcessFile = "stat" | "status" | "cgroup" | "schedstat";

const O_PATH = 0o10000000;
const directoryFlags = O_PATH | constants.O_DIRECTORY;
const AT_FDCWD = -100;

const names = {
  process: terminated(".."),
  files: {
    stat: terminated("../stat"),
    status: terminated("../status"),
    cgroup: terminated("../cgroup"),
    schedstat: terminated("../schedstat"),
  },
  types: namespaceTypes.map((type) => ({ type, name: terminated(type) })),
} as const;

/** procfs makes a text while it is read: one call gets the whole of nearly every one. */
const memory = Buffer.allocUnsafeSlow(16_384);

export const unknownNamespaces: NamespaceInodes = {
  ...{ pid: 0, mnt: 0, net: 0, user: 0, uts: 0, ipc: 0, cgroup: 0, time: 0 },
};

/** `/proc/PID` or `/proc/PID/task/TID`; undefined where it is gone. */
export function openProcessDirectory(path: string): ProcessDirectory | undefined {
  const calls = directCalls();
  const fd = calls.openat(AT_FDCWD, terminated(`${path}/ns`), directoryFlags);
  if (fd < 0) return undefined;
  return {
    uid: () => ownerOf(calls, fd),
    text: (file) => readText(calls, fd, file),
    namespaces: () => readNamespaces(calls, fd),
    close: () => calls.close(fd),
  };
}

function terminated(name: string): Buffer {
  return Buffer.from(`${name}\0`);
}

/** In struct statx. */
const stxUid = 20;

function ownerOf(calls: DirectCalls, links: number): number | undefined {
  return calls.statx(links, names.process, memory) < 0 ? undefined : memory.readUInt32LE(stxUid);
}

function readText(calls: DirectCalls, directory: number, file: ProcessFile): string | undefined {
  const fd = calls.openat(directory, names.files[file], constants.O_RDONLY);
  if (fd < 0) return undefined;
  let length = calls.read(fd, memory);
  let before: Buffer | undefined;
  // A process may be in 65,536 groups, and its status names each.
  while (length === memory.length) {
    before = Buffer.concat([before ?? noBytes, memory]);
    length = calls.read(fd, memory);
  }
  calls.close(fd);
  if (length < 0) return undefined;
  if (before) return Buffer.concat([before, memory.subarray(0, length)]).toString();
  return memory.toString("utf8", 0, length);
}

const noBytes = Buffer.alloc(0);

function readNamespaces(calls: DirectCalls, links: number): NamespaceInodes | "denied" {
  const inodes = { ...unknownNamespaces };
  for (const { type, name } of names.types) {
    const length = calls.readlinkat(links, name, memory);
    if (length === -system.errno.EACCES || length === -system.errno.EPERM) return "denied";
    if (length > 0) inodes[type] = inodeIn(type, length);
  }
  return inodes;
}

/** Of a link's text, `net:[4026531840]`, which is the kernel's own. */
function inodeIn(type: NamespaceType, length: number): number {
  let inode = 0;
  for (let at = type.length + 2; at < length - 1; at += 1)
    inode = inode * 10 + (memory[at] ?? 0) - 48;
  return inode;
}
