import { existsSync } from "node:fs";
import type { LimitChanges } from "../protocol/limitsReport.ts";
import type { LimitValue } from "../protocol/limitUnits.ts";
import { type Asked, checkAbove } from "./above.ts";
import { whyAbsent } from "./absent.ts";
import { rowOf } from "./effective.ts";
import { type CgroupWrite, filesAfter, filesOf, type LimitFile } from "./files/limitFile.ts";
import { ofThisMachine } from "./machine.ts";
import { checkInUse, checkSwap } from "./memoryInUse.ts";
import { roomAbove } from "./protection.ts";
import { cgroupOf, fileIn, readLimit } from "./read.ts";
import { type LimitRow, limitTable } from "./table.ts";
import type { PlacedCgroup } from "./target.ts";
import { unavailable } from "./unavailable.ts";

/** One limit of one cgroup, as it is to be. */
export interface Change {
  readonly row: LimitRow;
  readonly file: LimitFile;
  readonly cgroup: PlacedCgroup;
  /** In the kernel's own keys. */
  readonly value: LimitValue | undefined;
}

export interface PlacedWrite extends CgroupWrite {
  readonly change: Change;
}

/** What was asked for. Throws limitUnavailable, as `judge` does. */
export function changesOf(
  cgroups: readonly PlacedCgroup[],
  changes: LimitChanges,
  judge = judgeAsked,
): readonly Change[] {
  const limitOf: Asked["limitOf"] = (limit) => {
    const asked = changes[limit];
    return asked === undefined ? readLimit(rowOf(limit), cgroups)?.value : (asked ?? undefined);
  };
  return limitTable.flatMap((row): readonly Change[] => {
    const asked = changes[row.limit];
    if (asked === undefined) return [];
    const change = changeOf(row, asked, cgroups);
    judge(change, { cgroup: change.cgroup, limitOf });
    const rooms = roomAbove(row, change.value, change.cgroup);
    return [...rooms.map((room) => ({ ...change, ...room })), change];
  });
}

function changeOf(
  row: LimitRow,
  asked: LimitValue | null,
  cgroups: readonly PlacedCgroup[],
): Change {
  const isNone = asked === null || isEmpty(asked);
  return {
    row,
    ...place(row, cgroups),
    value: isNone ? undefined : ofThisMachine(row, asked),
  };
}

/** What can be had, and would be in force. */
function judgeAsked({ row, value }: Change, asked: Asked): void {
  if (value === undefined) return;
  checkAbove(row, value, asked);
  checkSwap(row, asked);
  checkInUse(row, value, asked);
}

/** What there was before: the kernel took it once, and nobody is ended for it. Throws limitUnavailable. */
export function judgeBefore({ row, value }: Change, asked: Asked): void {
  if (value !== undefined) checkInUse(row, value, asked);
}

function place(row: LimitRow, cgroups: readonly PlacedCgroup[]): Pick<Change, "cgroup" | "file"> {
  const cgroup = cgroupOf(row, cgroups);
  if (!cgroup) throw unavailable(row);
  const file = fileIn(row, cgroup.hierarchy);
  if ("reason" in file) throw unavailable(row, file.reason);
  const { directory } = cgroup;
  // One that is planned only is not there.
  if (existsSync(directory) && file.find(filesOf(directory)) === undefined) {
    throw unavailable(row, whyAbsent(row, cgroups));
  }
  return { cgroup, file };
}

/** No device is bounded. */
function isEmpty(value: LimitValue): boolean {
  return typeof value === "object" && Object.keys(value).length === 0;
}

/** What the cgroups have now of all that these changes touch: to put it back. */
export function heldBefore(
  changes: readonly Change[],
  cgroups: readonly PlacedCgroup[],
): readonly Change[] {
  const asked = changes.map(({ row }) => row.limit);
  const moved = changes
    .flatMap(({ row }) => row.moves ?? [])
    .filter((limit) => !asked.includes(limit))
    .flatMap((limit) => tryToPlace(rowOf(limit), cgroups));
  return [...changes, ...moved].map((change) => ({
    ...change,
    value: change.file.read(filesOf(change.cgroup.directory)),
  }));
}

function tryToPlace(row: LimitRow, cgroups: readonly PlacedCgroup[]) {
  const cgroup = cgroupOf(row, cgroups);
  const file = cgroup && fileIn(row, cgroup.hierarchy);
  return !cgroup || !file || "reason" in file ? [] : [{ row, file, cgroup }];
}

/** In the order of the table. A file that holds several limits is written once, with all of them. */
export function writesOf(changes: readonly Change[]): readonly PlacedWrite[] {
  return changes.reduce((writes: readonly PlacedWrite[], change) => {
    const { directory } = change.cgroup;
    const there = writes.filter((write) => write.change.cgroup.directory === directory);
    const more = change.file.writes(change.value, filesAfter(filesOf(directory), there));
    const isReplaced = (write: PlacedWrite) =>
      !write.line && there.includes(write) && more.some(({ file }) => file === write.file);
    return [
      ...writes.filter((write) => !isReplaced(write)),
      ...more.map((write) => ({ ...write, change })),
    ];
  }, []);
}
