import { closeSync, fstatSync, openSync, statSync } from "node:fs";
import { isDenied, isGone, KernelError } from "../../kernel/errors.ts";
import { pidfdGetfd, pidfdOpen, socketNamespace } from "../../kernel/libc.ts";
import type { NamespaceType } from "../../protocol/namespaces.ts";

/** What a namespace can be opened by. */
export type NamespaceFile = (
  | { readonly kind: "member"; readonly pid: number }
  | { readonly kind: "link"; readonly path: string }
  /** A name that somebody chooses: a descriptor that may be another file by now, a mount that another may cover. */
  | { readonly kind: "chosen"; readonly path: string }
  | { readonly kind: "socket"; readonly pid: number; readonly descriptor: number }
) & {
  /** Of the process that it is read through: while that one has it, it is the same namespace. */
  readonly through: string;
};

interface Wanted {
  readonly type: NamespaceType;
  readonly inode: number;
}

/** asm-generic/fcntl.h; Node has no name for it. */
const O_PATH = 0o10_000_000;

/** The descriptor, which the caller closes; undefined where that namespace is not there any more, or is denied. */
export function openNamespace(file: NamespaceFile, wanted: Wanted): number | undefined {
  try {
    const fd = openFile(file, wanted);
    if (fd === undefined || isNamespace(fd, wanted.inode)) return fd;
    closeSync(fd);
    return undefined;
  } catch (error) {
    if (isGone(error) || isDenied(error) || error instanceof KernelError) return undefined;
    throw error;
  }
}

function openFile(file: NamespaceFile, { type, inode }: Wanted): number | undefined {
  switch (file.kind) {
    case "member":
      return openSync(`/proc/${file.pid}/ns/${type}`, "r");
    case "link":
      return openSync(file.path, "r");
    case "chosen":
      return openChosen(file.path, inode);
    case "socket":
      return openOfSocket(file);
  }
}

/**
 * Looks before it opens: opening a FIFO waits for a writer, and opening a device may do something. A descriptor of
 * O_PATH opens nothing, and stands for the same file until it is opened for good.
 */
function openChosen(path: string, inode: number): number | undefined {
  return closing(openSync(path, O_PATH), (place) =>
    isNamespace(place, inode) ? openSync(`/proc/self/fd/${place}`, "r") : undefined,
  );
}

/** Throws KernelError where the process, the socket, or the right to have it, is gone. The caller closes it. */
export function openOfSocket({ pid, descriptor }: { pid: number; descriptor: number }): number {
  return closing(pidfdOpen(pid), (pidfd) =>
    closing(pidfdGetfd(pidfd, descriptor), socketNamespace),
  );
}

function isNamespace(fd: number, inode: number): boolean {
  const { dev, ino } = fstatSync(fd);
  return ino === inode && dev === deviceOfNsfs();
}

let device: number | undefined;

/** There is one nsfs, and it has one device number for as long as the machine runs. */
function deviceOfNsfs(): number {
  device ??= statSync("/proc/self/ns/mnt").dev;
  return device;
}

/** Uses a descriptor, and closes it in any case. */
export function closing<T>(fd: number, use: (fd: number) => T): T {
  try {
    return use(fd);
  } finally {
    closeSync(fd);
  }
}
