import { closeSync, constants, fstatSync, openSync, statfsSync } from "node:fs";
import { errnoOf, isDenied } from "../kernel/errors.ts";
import { namespaceLinks, readStat } from "../kernel/procfs.ts";
import { TerrariumError } from "../protocol/errors.ts";
import { type NamespaceType, namespaceTypes } from "../protocol/namespaces.ts";
import { joinedTarget, type NamespaceChoices } from "../protocol/sharing.ts";
import type { SandboxHost } from "./host.ts";
import { readMembers } from "./members.ts";
import { findRunning } from "./pause.ts";
import type { SandboxRecord } from "./record.ts";

/** A namespace to join: a file of nsfs, and the inode that it must have when it is opened. */
export interface JoinedNamespace {
  readonly type: NamespaceType;
  readonly target: string;
  readonly path: string;
  readonly inode: number;
}

/** Whom a target's words mean: a process id has at most seven digits, and no sandbox's name is a number. */
export function isPid(target: string): boolean {
  return /^\d{1,7}$/.test(target);
}

/** Throws noSuchSandbox, sandboxNotRunning, noSuchProcess, processDenied, namespaceGone. */
export function findJoined(
  host: SandboxHost,
  choices: NamespaceChoices,
): readonly JoinedNamespace[] {
  return namespaceTypes.flatMap((type) => {
    const target = joinedTarget(choices, type);
    return target === undefined ? [] : [{ type, target, ...findFile(host, type, target) }];
  });
}

function findFile(host: SandboxHost, type: NamespaceType, target: string) {
  if (target.startsWith("/")) return ofFile(target, type);
  if (isPid(target)) return ofProcess(Number(target), type, target);
  return ofSandbox(findRunning(host.registry.records(), target), type);
}

function ofFile(path: string, type: NamespaceType) {
  const file = openFile(path, type, path);
  const inode = fstatSync(file).ino;
  closeSync(file);
  return { path, inode };
}

function ofProcess(pid: number, type: NamespaceType, target: string) {
  if (!readStat(pid)) throw new TerrariumError("noSuchProcess", { pid });
  const links = namespaceLinks(pid, [type]);
  if (links === "denied") throw new TerrariumError("processDenied", { pid, errno: "EACCES" });
  if (links === "gone") throw new TerrariumError("namespaceGone", { type, target });
  return { path: `/proc/${pid}/ns/${type}`, inode: links[type] };
}

/**
 * Any of its processes that is still in the namespace that it was made with: init is, but shows its own to
 * root only. While the sandbox runs the inode number belongs to nobody else, whoever got a pid since.
 */
function ofSandbox(record: SandboxRecord, type: NamespaceType) {
  const inode = record.namespaces[type];
  const holds = (pid: number) => {
    const links = namespaceLinks(pid, [type]);
    return typeof links === "object" && links[type] === inode;
  };
  const members = () => readMembers([record]).get(record.id) ?? [];
  const init = record.init?.pid;
  const holder = init && holds(init) ? init : members().find(({ pid }) => holds(pid))?.pid;
  if (holder === undefined || inode === undefined) {
    throw new TerrariumError("namespaceGone", { type, target: record.name });
  }
  return { path: `/proc/${holder}/ns/${type}`, inode };
}

/** Opens one; from then on it is that namespace, whatever becomes of the process. The caller closes it. */
export function openJoined({ type, target, path, inode }: JoinedNamespace): number {
  const file = openFile(path, type, target);
  if (fstatSync(file).ino === inode) return file;
  closeSync(file);
  throw new TerrariumError("namespaceGone", { type, target });
}

/** open(2), statfs(2); Node names neither. */
const O_PATH = 0o10000000;
const NSFS_MAGIC = 0x6e736673;

/** Looked at before it is opened: to open a device or a named pipe is to use it (a watchdog would restart the host). */
function openFile(path: string, type: NamespaceType, target: string): number {
  let place: number | undefined;
  try {
    place = openSync(path, O_PATH);
    const link = `/proc/self/fd/${place}`;
    if (statfsSync(link).type !== NSFS_MAGIC) throw refused(path, `it is no ${type} namespace`);
    return openSync(link, constants.O_RDONLY);
  } catch (error) {
    if (TerrariumError.is(error, "pathRefused")) throw error;
    if (!isDenied(error)) throw new TerrariumError("namespaceGone", { type, target });
    throw refused(path, `the kernel answered ${errnoOf(error)}`);
  } finally {
    if (place !== undefined) closeSync(place);
  }
}

function refused(path: string, reason: string): TerrariumError {
  return new TerrariumError("pathRefused", { path, reason });
}
