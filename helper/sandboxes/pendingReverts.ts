import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import * as z from "zod/mini";
import { readCgroupMounts } from "../kernel/cgroupfs.ts";
import { rowOf } from "../limits/effective.ts";
import { isLink } from "../limits/files/link.ts";
import { inodeOf } from "../limits/identity.ts";
import { placedLink } from "../limits/link.ts";
import { findProcess, pidOf, placedProcess } from "../limits/processes.ts";
import { readLimit } from "../limits/read.ts";
import { isInForce } from "../limits/table.ts";
import type { PlacedCgroup } from "../limits/target.ts";
import type { LimitUpdate } from "../limits/updates.ts";
import { TerrariumError } from "../protocol/errors.ts";
import { limitNames } from "../protocol/limits.ts";
import { processIdentity } from "./record.ts";
import type { StateDirectory } from "./stateDirectory.ts";

/**
 * Limits that go back to what they were unless somebody keeps them. They stand on disk before the kernel's
 * file is written, so that the next helper puts them back where this one was killed.
 */

const finished = ".json";
const unfinished = ".json.new";

const limitValue = z.nullable(z.union([z.number(), z.string(), z.record(z.string(), z.number())]));

const pendingChange = z.object({
  limit: z.enum(limitNames),
  hierarchyId: z.string(),
  directory: z.string(),
  /** A cgroup that was made anew is another one. */
  inode: z.string(),
  before: limitValue,
  after: limitValue,
  alongside: z.array(z.tuple([z.enum(limitNames), limitValue])),
  /** What the file held then; absent until it was written. */
  written: z.optional(limitValue),
});

const pendingRevert = z.object({
  id: z.string(),
  /** The helper whose client may keep it. */
  holder: processIdentity,
  changes: z.array(pendingChange),
  /** What the kernel answered when they were to go back: they still are. */
  refused: z.optional(z.string()),
});

export type PendingChange = z.output<typeof pendingChange>;
export type PendingRevert = z.output<typeof pendingRevert>;

export function pendingOf({ limit, cgroup, before, after, alongside }: LimitUpdate): PendingChange {
  const { hierarchy, directory } = cgroup;
  const inode = inodeOf(directory);
  return {
    limit,
    hierarchyId: hierarchy.id,
    directory,
    inode,
    before,
    after,
    alongside: alongside.map(([name, value]) => [name, value]),
  };
}

export function readReverts({ reverts }: StateDirectory): readonly PendingRevert[] {
  return namesIn(reverts, finished).flatMap((name) => parse(join(reverts, name)) ?? []);
}

export function writeRevert({ reverts }: StateDirectory, revert: PendingRevert): void {
  mkdirSync(reverts, { recursive: true, mode: 0o700 });
  const file = join(reverts, revert.id);
  writeFileSync(file + unfinished, JSON.stringify(revert), { mode: 0o600 });
  renameSync(file + unfinished, file + finished);
}

export function removeRevert({ reverts }: StateDirectory, id: string): void {
  rmSync(join(reverts, id + finished), { force: true });
}

/** Throws noSuchRevert. */
export function findRevert(state: StateDirectory, id: string): PendingRevert {
  const revert = readReverts(state).find((one) => one.id === id);
  if (!revert) throw new TerrariumError("noSuchRevert", { revert: id });
  return revert;
}

/** Undefined for a cgroup that is gone, or holds something else by now. */
export function standing(pending: PendingChange): LimitUpdate | undefined {
  const { limit, hierarchyId, directory, inode, before, after, alongside, written } = pending;
  const cgroup = placedIn(hierarchyId, directory);
  if (!cgroup || inodeOf(directory) !== inode) return undefined;
  const row = rowOf(limit);
  const held = readLimit(row, [cgroup]);
  const value = held?.value ?? null;
  const stands =
    written === undefined
      ? after === value || (after !== null && isInForce(row, after, value ?? undefined))
      : isDeepStrictEqual(value, written);
  return held && stands ? { limit, cgroup, file: held.file, before, after, alongside } : undefined;
}

function placedIn(hierarchyId: string, directory: string): PlacedCgroup | undefined {
  if (isLink(directory)) return placedLink(basename(directory));
  const pid = pidOf(directory);
  if (pid !== undefined) return placedAgain(pid, hierarchyId);
  const hierarchy = readCgroupMounts().hierarchies.find(({ id }) => id === hierarchyId);
  return hierarchy && { hierarchy, directory };
}

/** Its start time is compared before anything is written, by the inode that was noted. */
function placedAgain(pid: number, hierarchyId: string): PlacedCgroup | undefined {
  const process = findProcess(pid);
  const [, sandbox] = hierarchyId.split(" ");
  return process && placedProcess(process, sandbox);
}

/** With what the kernel made of it: rounded, and in its own words for devices. */
export function withWritten(pending: PendingChange, { cgroup }: LimitUpdate): PendingChange {
  return { ...pending, written: readLimit(rowOf(pending.limit), [cgroup])?.value ?? null };
}

/** What a helper was writing when it was killed. Under the registry's lock, as all that writes is: nobody writes now. */
export function removeUnfinishedReverts({ reverts }: StateDirectory): void {
  for (const name of namesIn(reverts, unfinished)) rmSync(join(reverts, name), { force: true });
}

function namesIn(directory: string, ending: string): readonly string[] {
  try {
    return readdirSync(directory).filter((name) => name.endsWith(ending));
  } catch {
    return [];
  }
}

/** Undefined for one that is gone, or that another version wrote. */
function parse(file: string): PendingRevert | undefined {
  try {
    return pendingRevert.safeParse(JSON.parse(readFileSync(file, "utf8"))).data;
  } catch {
    return undefined;
  }
}
