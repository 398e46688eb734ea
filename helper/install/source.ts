import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readdirSync,
  realpathSync,
  type Stats,
} from "node:fs";
import { join } from "node:path";
import { errnoOf } from "../kernel/errors.ts";

/**
 * The build that is to be installed lies in a directory of the user's, who may change it at any moment. So each file
 * is opened once, from the descriptor of its directory and without following a link, looked at, and read through that
 * descriptor. Whoever asks gets nothing published by it that was not theirs: all belongs to one, to root or to them.
 */
export interface Source {
  readonly path: string;
  /** Opens a file below it for reading. The caller closes it. */
  open(name: string): number;
  list(directory: string): readonly string[];
  close(): void;
}

const O_PATH = 0o10000000;
const place = O_PATH | constants.O_NOFOLLOW | constants.O_DIRECTORY;
/** A FIFO would be waited for. */
const reading = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** `asker` ran sudo; undefined where root did it by itself. */
export function openSource(path: string, asker: number | undefined): Source {
  const real = realpathSync(path);
  const top = attempt(real, () => openSync(real, place));
  const owner = fstatSync(top).uid;
  if (owner !== 0 && owner !== asker) {
    closeSync(top);
    throw new Error(
      `${real} belongs to user ${owner}, who is neither root nor who asks; they run it, by sudo.`,
    );
  }
  return {
    path: real,
    open: (name) => openFile(top, real, name, owner),
    list: (directory) => listDirectory(top, real, directory, owner),
    close: () => closeSync(top),
  };
}

function openFile(top: number, real: string, name: string, owner: number): number {
  const directory = descend(top, real, name.split("/").slice(0, -1), owner);
  try {
    const path = `${below(directory)}/${name.split("/").at(-1)}`;
    const file = attempt(join(real, name), () => openSync(path, reading));
    checked(file, join(real, name), owner, (found) => found.isFile());
    return file;
  } finally {
    closeSync(directory);
  }
}

function listDirectory(top: number, real: string, name: string, owner: number): readonly string[] {
  const directory = descend(top, real, [name], owner);
  try {
    return readdirSync(below(directory));
  } finally {
    closeSync(directory);
  }
}

function descend(top: number, real: string, names: readonly string[], owner: number): number {
  let directory = openSync(below(top), O_PATH | constants.O_DIRECTORY);
  let path = real;
  for (const name of names) {
    path = join(path, name);
    const above = directory;
    try {
      directory = attempt(path, () => openSync(`${below(above)}/${name}`, place));
    } finally {
      closeSync(above);
    }
    checked(directory, path, owner, (found) => found.isDirectory());
  }
  return directory;
}

/** A hard link to somebody else's file has another owner; what root keeps to itself is not published. */
function checked(
  descriptor: number,
  path: string,
  owner: number,
  isKind: (found: Stats) => boolean,
): void {
  const found = fstatSync(descriptor);
  const isReadable = owner !== 0 || (found.mode & 0o004) !== 0;
  if (isKind(found) && found.uid === owner && isReadable) return;
  closeSync(descriptor);
  throw new Error(
    `${path} is not copied: it is no plain file or directory of user ${owner}, as all the others are.`,
  );
}

function attempt(path: string, open: () => number): number {
  try {
    return open();
  } catch (error) {
    const errno = errnoOf(error);
    const why =
      errno === "ELOOP" || errno === "ENOTDIR" ? "it is a link, or leads over one" : errno;
    throw new Error(`${path} is not copied: ${why}.`);
  }
}

function below(descriptor: number): string {
  return `/proc/self/fd/${descriptor}`;
}
