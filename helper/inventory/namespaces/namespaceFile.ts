import { closeSync, fstatSync, openSync, statSync } from "node:fs";
import { isDenied, isGone } from "../../kernel/errors.ts";

/** Where a namespace can be opened. */
export interface NamespaceFile {
  readonly path: string;
  /** `PID:START` of the process that it is read through: while that one has it, it is the same namespace. */
  readonly through: string;
  /**
   * A link of /proc/PID/ns, which is nothing but a namespace, or a name that somebody chooses: a descriptor that may
   * be another file by now, a mount that something else may cover.
   */
  readonly isChosen: boolean;
}

/** asm-generic/fcntl.h; Node has no name for it. */
const O_PATH = 0o10_000_000;

/** The descriptor, which the caller closes; undefined where that namespace is not there any more, or is denied. */
export function openNamespace(file: NamespaceFile, inode: number): number | undefined {
  try {
    const fd = file.isChosen ? openChosen(file.path, inode) : openSync(file.path, "r");
    if (fd === undefined || isThat(fd, inode)) return fd;
    closeSync(fd);
    return undefined;
  } catch (error) {
    if (isGone(error) || isDenied(error)) return undefined;
    throw error;
  }
}

/**
 * Looks before it opens: opening a FIFO waits for a writer, and opening a device may do something. A descriptor of
 * O_PATH opens nothing, and stands for the same file until it is opened for good.
 */
function openChosen(path: string, inode: number): number | undefined {
  const place = openSync(path, O_PATH);
  try {
    return isThat(place, inode) ? openSync(`/proc/self/fd/${place}`, "r") : undefined;
  } finally {
    closeSync(place);
  }
}

function isThat(fd: number, inode: number): boolean {
  const { dev, ino } = fstatSync(fd);
  return ino === inode && dev === deviceOfNsfs();
}

let device: number | undefined;

/** There is one nsfs, and it has one device number for as long as the machine runs. */
function deviceOfNsfs(): number {
  device ??= statSync("/proc/self/ns/mnt").dev;
  return device;
}
