import { dirname } from "node:path";
import { TerrariumError } from "../protocol/errors.ts";
import { formatLimit, type LimitName, limitFacts, limitNames } from "../protocol/limits.ts";
import type { LimitChanges } from "../protocol/limitsReport.ts";
import type { LimitValue } from "../protocol/limitUnits.ts";
import { whyAbsent } from "./absent.ts";
import { parentCgroup, rowOf } from "./effective.ts";
import { cgroupOf, readLimit } from "./read.ts";
import type { PlacedCgroup } from "./target.ts";
import { unavailable } from "./unavailable.ts";
import { restoreLimits, writeLimits } from "./write.ts";

/** One limit of one cgroup, what it is and what it is to be; null: none. */
export interface LimitUpdate {
  readonly limit: LimitName;
  readonly cgroup: PlacedCgroup;
  readonly file: string;
  readonly before: LimitValue | null;
  readonly after: LimitValue | null;
  /** What the kernel may change along with it, as it was. */
  readonly alongside: readonly (readonly [LimitName, LimitValue | null])[];
}

/** Where each of the limits lies, and what it is. Throws limitUnavailable. */
export function findUpdates(
  cgroups: readonly PlacedCgroup[],
  changes: LimitChanges,
): readonly LimitUpdate[] {
  return limitNames.flatMap((limit) => {
    const after = changes[limit];
    return after === undefined ? [] : [findUpdate(cgroups, limit, after, changes)];
  });
}

function findUpdate(
  cgroups: readonly PlacedCgroup[],
  limit: LimitName,
  after: LimitValue | null,
  changes: LimitChanges,
): LimitUpdate {
  const row = rowOf(limit);
  const cgroup = cgroupOf(row, cgroups);
  const reading = readLimit(row, cgroups);
  if (!cgroup || !reading) throw unavailable(row, whyAbsent(row, cgroups));
  // Version 1 has files there, and the root of a cgroup namespace has them in version 2.
  if (!parentCgroup(cgroup)) {
    throw unavailable(row, "the top of a hierarchy is the whole machine; name a cgroup below it");
  }
  const moved = (row.moves ?? []).filter((name) => changes[name] === undefined);
  const alongside = moved.flatMap((name) => heldEntry(name, cgroups));
  return { limit, cgroup, file: reading.file, before: reading.value ?? null, after, alongside };
}

function heldEntry(limit: LimitName, cgroups: readonly PlacedCgroup[]) {
  const reading = readLimit(rowOf(limit), cgroups);
  return reading ? [[limit, reading.value ?? null] as const] : [];
}

/** All of them or none. Throws limitUnavailable, limitRefused, noSuchCgroup where it was removed meanwhile. */
export function makeUpdates(updates: readonly LimitUpdate[]): void {
  const after = Object.fromEntries(updates.map((update) => [update.limit, update.after]));
  onCgroups(updates, (cgroups) => writeLimits(cgroups, after));
}

/** Back to what it was before. Throws limitRefused, noSuchCgroup. */
export function undoUpdates(updates: readonly LimitUpdate[]): void {
  onCgroups(updates, (cgroups) => restoreLimits(cgroups, valuesBefore(updates)));
}

/** What Undo asks for. */
export function valuesBefore(updates: readonly LimitUpdate[]): LimitChanges {
  const own = updates.map(({ limit, before }) => [limit, before] as const);
  return Object.fromEntries([...updates.flatMap(({ alongside }) => alongside), ...own]);
}

/** What kernfs answers for a cgroup that was removed: ENOENT when its file is opened, ENODEV when it is written. */
function onCgroups(
  updates: readonly LimitUpdate[],
  write: (cgroups: readonly PlacedCgroup[]) => void,
): void {
  try {
    write(updates.map(({ cgroup }) => cgroup));
  } catch (error) {
    if (!TerrariumError.is(error, "limitRefused")) throw error;
    const { errno, file } = error.args;
    if (errno !== "ENOENT" && errno !== "ENODEV") throw error;
    throw new TerrariumError("noSuchCgroup", { path: dirname(file) });
  }
}

/** `Memory from no limit to 64 MB (/sys/fs/cgroup/…)`. */
export function describeUpdate({ limit, before, after, file }: LimitUpdate): string {
  const words = (value: LimitValue | null) => formatLimit(limit, value ?? undefined);
  return `${limitFacts[limit].label} from ${words(before)} to ${words(after)} (${file})`;
}
