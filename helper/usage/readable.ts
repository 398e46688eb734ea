import { closeSync, openSync, readSync } from "node:fs";
import { errnoOf, isGone } from "../kernel/errors.ts";

/** A file of a cgroup that is read many times: through one descriptor, or opened anew each time. */
export interface ReadableFile {
  readonly path: string;
  readonly fd: number | undefined;
}

/** More than any file of a cgroup holds: kernfs gives what one show() wrote in a single read. */
const buffer = Buffer.alloc(65_536);
// Before the first line stands a newline, as before all others: see text.ts.
buffer[0] = 10;

/** A version 1 or 2 file that is not offered here, that this user may not read, or whose cgroup is gone. */
const unavailable: ReadonlySet<string> = new Set(["ENOENT", "ENODEV", "EACCES", "EPERM"]);
/** Asked, and without an answer at the moment: pressure that was turned off (cgroup.pressure). */
const silent: ReadonlySet<string> = new Set(["EOPNOTSUPP", "ENOTSUP"]);

/** Undefined where there is none to read. */
export function openFile(path: string, keepOpen: boolean): ReadableFile | undefined {
  try {
    const fd = openSync(path, "r");
    if (keepOpen) return { path, fd };
    closeSync(fd);
    return { path, fd: undefined };
  } catch (error) {
    const errno = errnoOf(error);
    if (unavailable.has(errno) || silent.has(errno)) return undefined;
    throw error;
  }
}

export function closeFile({ fd }: ReadableFile): void {
  if (fd !== undefined) closeSync(fd);
}

/** Its text behind a newline; empty where it has no answer now, undefined when it is gone. */
export function readText({ path, fd }: ReadableFile): string | undefined {
  try {
    return fd === undefined ? openAndRead(path) : readFrom(fd);
  } catch (error) {
    if (isGone(error)) return undefined;
    if (silent.has(errnoOf(error))) return "";
    throw error;
  }
}

function openAndRead(path: string): string {
  const fd = openSync(path, "r");
  try {
    return readFrom(fd);
  } finally {
    closeSync(fd);
  }
}

/** At position 0 each time, which makes kernfs write the text again. */
function readFrom(fd: number): string {
  const length = readSync(fd, buffer, 1, buffer.length - 1, 0);
  return buffer.toString("latin1", 0, length + 1);
}
