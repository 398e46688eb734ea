import { join } from "node:path";
import { writeCgroupFile } from "../kernel/cgroupfs.ts";
import { TerrariumError } from "../protocol/errors.ts";
import { formatLimit, type LimitName, type Limits } from "../protocol/limits.ts";
import type { LimitValue } from "../protocol/limitUnits.ts";
import { type CgroupWrite, filesAfter, filesOf, type LimitFile } from "./limitFile.ts";
import { cgroupOf, fileIn } from "./read.ts";
import { isInForce, type LimitRow, limitTable } from "./table.ts";
import type { PlacedCgroup } from "./target.ts";
import { unavailable } from "./unavailable.ts";

/** Values to set; null: no limit any more. What is absent stays. */
export type LimitChanges = { readonly [N in LimitName]?: Limits[N] | null };

interface Change {
  readonly row: LimitRow;
  readonly file: LimitFile;
  readonly directory: string;
  readonly value: LimitValue | undefined;
}

export interface PlacedWrite extends CgroupWrite {
  readonly directory: string;
  readonly change: Change;
}

/**
 * Puts all of the limits in force and reads them back; where one cannot be had, all are as they were.
 * Throws limitUnavailable, limitRefused.
 */
export function writeLimits(cgroups: readonly PlacedCgroup[], changes: LimitChanges): void {
  const asked = changesOf(cgroups, changes);
  const before = asked.map((change) => ({ ...change, value: held(change) }));
  try {
    write(writesOf(asked));
    for (const change of asked) checkHeld(change);
  } catch (error) {
    putBack(before);
    throw error;
  }
}

/** What `writeLimits` would write, to cgroups that need not be there yet. Throws limitUnavailable. */
export function plannedWrites(
  cgroups: readonly PlacedCgroup[],
  changes: LimitChanges,
): readonly PlacedWrite[] {
  return writesOf(changesOf(cgroups, changes));
}

function changesOf(cgroups: readonly PlacedCgroup[], changes: LimitChanges): readonly Change[] {
  return limitTable.flatMap((row): readonly Change[] => {
    const value = changes[row.limit];
    if (value === undefined) return [];
    const cgroup = cgroupOf(row, cgroups);
    if (!cgroup) throw unavailable(row);
    const file = fileIn(row, cgroup.hierarchy);
    if ("reason" in file) throw unavailable(row, file.reason);
    return [{ row, file, directory: cgroup.directory, value: value ?? undefined }];
  });
}

/** A file that holds several limits is written once, with all of them. */
function writesOf(changes: readonly Change[]): readonly PlacedWrite[] {
  return changes.reduce((writes: readonly PlacedWrite[], change) => {
    const { directory, file, value } = change;
    const there = writes.filter((write) => write.directory === directory);
    const more = file.writes(value, filesAfter(filesOf(directory), there));
    const isReplaced = (write: PlacedWrite) =>
      write.directory === directory && more.some((next) => next.file === write.file);
    return [
      ...writes.filter((write) => !isReplaced(write)),
      ...more.map((next) => ({ ...next, directory, change })),
    ];
  }, []);
}

/**
 * The kernel judges each write against what the other files hold at that moment: a quota against the period
 * and the parent's share, memory against memory with swap. Which goes first depends on the old values and on
 * the new, so what is refused is tried again as long as another write gets through.
 */
function write(writes: readonly PlacedWrite[]): void {
  const refused = writes.flatMap((one) => {
    const errno = writeCgroupFile(one.directory, one.file, one.text);
    return errno === undefined ? [] : [{ one, errno }];
  });
  const [first] = refused;
  if (!first) return;
  if (refused.length === writes.length)
    throw refusal(first.one.change, first.one.file, first.errno);
  write(refused.map(({ one }) => one));
}

function putBack(before: readonly Change[]): void {
  try {
    write(writesOf(before));
  } catch {
    // What was refused is said; that the old value cannot be had again either, the reader sees.
  }
}

function held({ file, directory }: Change): LimitValue | undefined {
  return file.read(filesOf(directory));
}

function checkHeld(change: Change): void {
  const { row, file, directory, value } = change;
  const now = held(change);
  if (value === undefined || (now !== undefined && isInForce(row, value, now))) return;
  const answer = `it holds ${formatLimit(row.limit, now)}`;
  throw refusal(change, file.find(filesOf(directory)) ?? file.name, answer);
}

function refusal({ row, directory, value }: Change, file: string, errno: string): TerrariumError {
  return new TerrariumError("limitRefused", {
    limit: row.limit,
    value: formatLimit(row.limit, value),
    file: join(directory, file),
    errno,
  });
}
