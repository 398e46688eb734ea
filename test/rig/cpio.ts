import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

/**
 * An archive in the format that the kernel unpacks as its first root file system ("newc": kernel
 * documentation, early-userspace/buffer-format). Written here because cpio(1) would take owners from
 * the build machine, and needs every file to be copied into a tree of its own first.
 */

export interface ArchiveEntry {
  /** Absolute path in the archive. */
  readonly path: string;
  /** Type and permission bits, as in stat(2). */
  readonly mode: number;
  /** Of a file, or the target of a symbolic link. */
  readonly content: Buffer;
}

export const fileMode = 0o100_000;
export const directoryMode = 0o040_755;
export const linkMode = 0o120_777;

/** Root owns everything; a folder that an entry lies in is there without being listed. */
export function makeArchive(entries: readonly ArchiveEntry[]): Buffer[] {
  const all = [...parentFolders(entries), ...entries, { path: trailer, mode: 0, content: empty }];
  return all.flatMap(writeEntry);
}

/** A file, or all that is in a folder; what a symbolic link leads to stands in its place. */
export function readTree(there: string, here: string): ArchiveEntry[] {
  if (!statSync(here).isDirectory()) return [readEntry(there, here)];
  return readdirSync(here).flatMap((name) => readTree(join(there, name), join(here, name)));
}

export function readEntry(path: string, here: string): ArchiveEntry {
  return { path, mode: statSync(here).mode, content: readFileSync(here) };
}

const empty = Buffer.alloc(0);
const trailer = "/TRAILER!!!";

function parentFolders(entries: readonly ArchiveEntry[]): ArchiveEntry[] {
  const listed = new Set(entries.map(({ path }) => path));
  const folders = new Set(entries.flatMap(({ path }) => ancestors(path)));
  return [...folders]
    .filter((path) => !listed.has(path))
    .sort()
    .map((path) => ({ path, mode: directoryMode, content: empty }));
}

/** "/a/b/c" lies in /a and /a/b. */
function ancestors(path: string): string[] {
  const parts = path.split("/").slice(1, -1);
  return parts.map((_, depth) => `/${parts.slice(0, depth + 1).join("/")}`);
}

function writeEntry({ path, mode, content }: ArchiveEntry, place: number): Buffer[] {
  const name = Buffer.from(`${path.slice(1)}\0`);
  const fields = {
    ino: place + 1,
    mode,
    uid: 0,
    gid: 0,
    nlink: 1,
    mtime: 0,
    filesize: content.length,
    devmajor: 0,
    devminor: 0,
    rdevmajor: 0,
    rdevminor: 0,
    namesize: name.length,
    check: 0,
  };
  const hex = Object.values(fields).map((value) => value.toString(16).padStart(8, "0"));
  const header = Buffer.concat([Buffer.from(`070701${hex.join("")}`), name]);
  return [header, padding(header.length), content, padding(content.length)];
}

/** Headers and contents each begin at a multiple of four bytes. */
function padding(length: number): Buffer {
  return Buffer.alloc((4 - (length % 4)) % 4);
}
