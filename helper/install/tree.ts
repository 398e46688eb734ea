import { spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { errnoOf } from "../kernel/errors.ts";
import { exchangeNames } from "../kernel/libc.ts";
import { type Installed, manifestName, manifestText } from "./manifest.ts";
import { copyInPieces } from "./pieces.ts";
import { starterName, versionDirectory, versionsDirectory } from "./places.ts";
import type { Runtime } from "./runtime.ts";
import type { Source } from "./source.ts";
import { whyNotWhole } from "./starter.ts";
import { asideOf, createFile, removeWhole, syncDirectory } from "./writeAside.ts";

/** One file of an installation, and how its bytes are had. */
export interface TreeFile {
  readonly name: string;
  readonly mode: number;
  open(): number;
}

const directoryMode = 0o755;
const mostFiles = 512;
/** An Electron has 200 MB. */
const mostBytes = 512 << 20;

/** esbuild's names: a part, and a digest of it. */
const partName = /^[A-Za-z0-9]+-[A-Z0-9]{8}\.js$/;

interface Row {
  readonly name: string;
  readonly mode: number;
  readonly as?: string;
  /** Some builds lack it, and do without. */
  readonly optional?: true;
}

/** What of a build root needs; modes are ours to say, not the source's. */
const rows: readonly Row[] = [
  { name: "package.json", mode: 0o644 },
  { name: "bin/terrarium", mode: 0o644 },
  { name: "native/koffi.node", mode: 0o644 },
  { name: "native/launcher", mode: 0o755 },
  { name: "native/follow", mode: 0o755 },
  { name: "native/task-iterator", mode: 0o755, optional: true },
  { name: `native/${starterName}`, mode: 0o755, as: starterName },
];

/** All files of an installation of this build, each by its name there. */
export function filesOf(source: Source, runtime: Runtime): readonly TreeFile[] {
  const parts = source.list("bin").filter((name) => partName.test(name));
  if (parts.length > mostFiles) throw new Error(`${source.path}/bin holds more than a build does.`);
  const native = source.list("native");
  const wanted = rows.filter(
    ({ name, optional }) => !optional || native.includes(name.slice("native/".length)),
  );
  return [
    ...wanted.map(({ name, mode, as }) => ({
      name: as ?? name,
      mode,
      open: () => source.open(name),
    })),
    ...parts.map((name) => ({
      name: `bin/${name}`,
      mode: 0o644,
      open: () => source.open(`bin/${name}`),
    })),
    ...runtime.files,
  ];
}

/**
 * Makes the directory of a version beside its place, writes it to the disk, has it checked by the starter in it, and
 * only then gives it its name: what is interrupted has none, is never started, and is removed before the next begins.
 */
export function installTree(version: string, files: readonly TreeFile[], runtime: Runtime): void {
  const place = versionDirectory(version);
  const aside = asideOf(place);
  const installed = copyTree(aside, files);
  writeManifest(aside, manifestText(runtime.program, installed));
  syncTree(aside, installed);
  assertWhole(aside);
  assertStarts(join(aside, runtime.program));
  putInPlace(aside, place);
}

function copyTree(aside: string, files: readonly TreeFile[]): readonly Installed[] {
  const directories = [...new Set(files.map(({ name }) => dirname(name)))].filter(
    (name) => name !== ".",
  );
  for (const name of [".", ...directories]) makeRootDirectory(join(aside, name));
  return [
    ...directories.map((name) => ({ kind: "directory", name, mode: directoryMode }) as const),
    ...files.map((file) => copyFile(aside, file)),
  ];
}

function makeRootDirectory(path: string): void {
  mkdirSync(path, { mode: 0o700 });
  // A set-group-id directory above has given it its own group, and that bit: inode(7).
  chownSync(path, 0, 0);
  chmodSync(path, directoryMode);
}

function copyFile(aside: string, { name, mode, open }: TreeFile): Installed {
  const from = open();
  try {
    const to = createFile(join(aside, name));
    try {
      return { kind: "file", name, mode, ...copyInPieces(from, to, mode, mostBytes) };
    } finally {
      closeSync(to);
    }
  } finally {
    closeSync(from);
  }
}

function writeManifest(aside: string, text: string): void {
  const mask = process.umask(0o022);
  try {
    writeFileSync(join(aside, manifestName), text, { flag: "wx", mode: 0o644, flush: true });
  } finally {
    process.umask(mask);
  }
  chownSync(join(aside, manifestName), 0, 0);
}

function syncTree(aside: string, installed: readonly Installed[]): void {
  for (const { kind, name } of installed)
    if (kind === "directory") syncDirectory(join(aside, name));
  syncDirectory(aside);
}

function assertWhole(directory: string): void {
  const reason = whyNotWhole(directory);
  if (reason !== undefined) throw new Error(`The copy is not what it should be: ${reason}`);
}

/** It may be of another kind of machine, or lack a library of its package. */
function assertStarts(program: string): void {
  const { status, error, stderr } = spawnSync(program, ["--version"], {
    cwd: "/",
    env: { ELECTRON_RUN_AS_NODE: "1" },
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`The copy of the runtime does not start: ${error ?? stderr}`);
}

/** Of the same version there is one already, where a build is tried out or repaired: they change places at once. */
function putInPlace(aside: string, place: string): void {
  if (!existsSync(place)) renameSync(aside, place);
  else {
    try {
      exchangeNames(aside, place);
    } catch (error) {
      // Not every file system can: then there is none for a moment.
      if (!["EINVAL", "ENOSYS", "EXDEV"].includes(errnoOf(error))) throw error;
      removeWhole(place);
      renameSync(aside, place);
    }
    syncDirectory(versionsDirectory);
    rmSync(aside, { recursive: true, force: true });
  }
  syncDirectory(versionsDirectory);
}

/** The manifest that is there; undefined where there is none. */
export function installedManifest(version: string): string | undefined {
  try {
    return readFileSync(join(versionDirectory(version), manifestName), "utf8");
  } catch {
    return undefined;
  }
}
