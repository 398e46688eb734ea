import { dirname } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { TerrariumError } from "../protocol/errors.ts";
import { formatLimit, type LimitName, limitFacts, limitNames } from "../protocol/limits.ts";
import type { LimitChanges } from "../protocol/limitsReport.ts";
import type { LimitValue } from "../protocol/limitUnits.ts";
import { printable } from "../protocol/printable.ts";
import { whyAbsent } from "./absent.ts";
import { parentCgroup, rowOf } from "./effective.ts";
import { isSameProcess, processHierarchy } from "./processes.ts";
import { placesOf, readLimit } from "./read.ts";
import type { LimitRow } from "./table.ts";
import type { PlacedCgroup, PlacedProcess } from "./target.ts";
import { unavailable } from "./unavailable.ts";
import { restoreLimits, writeLimits } from "./write.ts";

/** One limit of one cgroup or process, what it is and what it is to be; null: none. */
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
  places: readonly PlacedCgroup[],
  changes: LimitChanges,
): readonly LimitUpdate[] {
  return limitNames.flatMap((limit) => {
    const after = changes[limit];
    return after === undefined ? [] : findUpdate(places, limit, after, changes);
  });
}

function findUpdate(
  places: readonly PlacedCgroup[],
  limit: LimitName,
  after: LimitValue | null,
  changes: LimitChanges,
): readonly LimitUpdate[] {
  const row = rowOf(limit);
  const found = placesOf(row, places).flatMap((cgroup) => {
    const reading = readLimit(row, [cgroup]);
    return reading ? [{ cgroup, reading }] : [];
  });
  if (found.length === 0) throw unavailable(row, whyAbsent(row, places));
  const moved = (row.moves ?? []).filter((name) => changes[name] === undefined);
  const alongside = moved.flatMap((name) => heldEntry(name, places));
  return found.map(({ cgroup, reading: { file, value } }) => {
    checkBelowTop(row, cgroup);
    return { limit, cgroup, file, before: value ?? null, after, alongside };
  });
}

/** Version 1 has files there, and the root of a cgroup namespace has them in version 2. */
function checkBelowTop(row: LimitRow, cgroup: PlacedCgroup): void {
  if (cgroup.process || parentCgroup(cgroup)) return;
  throw unavailable(row, "the top of a hierarchy is the whole machine; name a cgroup below it");
}

function heldEntry(limit: LimitName, cgroups: readonly PlacedCgroup[]) {
  const reading = readLimit(rowOf(limit), cgroups);
  return reading ? [[limit, reading.value ?? null] as const] : [];
}

/**
 * All of them or none; answers all that were made. `later` finds what else is to be changed by now: processes
 * are forked meanwhile. Throws limitUnavailable, limitRefused; noSuchCgroup, noSuchProcess where it is gone.
 */
export function makeUpdates(
  updates: readonly LimitUpdate[],
  later: (made: readonly LimitUpdate[]) => readonly LimitUpdate[] = () => [],
): readonly LimitUpdate[] {
  const made: LimitUpdate[] = [];
  try {
    for (let next = updates; next.length > 0; next = later(made)) {
      for (const group of byProcess(next)) {
        onPlaces(group, (places) => writeLimits(places, valuesAfter(group)));
        made.push(...group);
      }
    }
    return made;
  } catch (error) {
    tryToUndo(made);
    throw error;
  }
}

function tryToUndo(made: readonly LimitUpdate[]): void {
  try {
    undoUpdates(made);
  } catch {
    // What was refused first is told.
  }
}

/** Back to what it was before. Throws limitRefused, noSuchCgroup, noSuchProcess. */
export function undoUpdates(updates: readonly LimitUpdate[]): void {
  for (const group of byProcess(updates)) {
    onPlaces(group, (places) => restoreLimits(places, valuesBefore(group)));
  }
}

/** The same limit may be another in each process; those of cgroups are written as one. */
function byProcess(updates: readonly LimitUpdate[]): readonly (readonly LimitUpdate[])[] {
  const groups = new Map<string, LimitUpdate[]>();
  for (const update of updates) {
    const key = update.cgroup.process ? update.cgroup.directory : "";
    groups.set(key, [...(groups.get(key) ?? []), update]);
  }
  return [...groups.values()];
}

function valuesAfter(updates: readonly LimitUpdate[]): LimitChanges {
  return Object.fromEntries(updates.map(({ limit, after }) => [limit, after]));
}

/** What Undo asks for; of several processes, what the main one had. */
export function valuesBefore(updates: readonly LimitUpdate[]): LimitChanges {
  const own = updates.map(({ limit, before }) => [limit, before] as const).reverse();
  return Object.fromEntries([...updates.flatMap(({ alongside }) => alongside), ...own]);
}

/** What kernfs answers for a cgroup that was removed: ENOENT when its file is opened, ENODEV when it is written. */
function onPlaces(
  updates: readonly LimitUpdate[],
  write: (places: readonly PlacedCgroup[]) => void,
): void {
  const places = updates.map(({ cgroup }) => cgroup);
  try {
    write(places);
  } catch (error) {
    if (!TerrariumError.is(error, "limitRefused")) throw error;
    const { errno, file } = error.args;
    const [place] = places;
    if (place?.process) checkEnded(place.process, place, error);
    else if (errno !== "ENOENT" && errno !== "ENODEV") throw error;
    else throw new TerrariumError("noSuchCgroup", { path: dirname(file) });
  }
}

/** One of a sandbox's may end at any time; of a process that was named that is to be said. */
function checkEnded(process: PlacedProcess, { hierarchy }: PlacedCgroup, refusal: Error): void {
  if (isSameProcess(process)) throw refusal;
  if (hierarchy.id === processHierarchy()) {
    throw new TerrariumError("noSuchProcess", { pid: process.pid });
  }
}

/** `Memory from no limit to 64 MB (/sys/fs/cgroup/…)`; once for all processes of a sandbox. */
export function describeUpdates(updates: readonly LimitUpdate[]): readonly string[] {
  const first = updates.filter(
    ({ limit }, index) => updates.findIndex((update) => update.limit === limit) === index,
  );
  return first.map((update) => {
    const others = updates.filter(({ limit }) => limit === update.limit).length - 1;
    return `${describe(update)}${others > 0 ? `, and ${others} more of its processes` : ""}`;
  });
}

function describe({ limit, before, after, file }: LimitUpdate): string {
  const words = (value: LimitValue | null) => formatLimit(limit, value ?? undefined);
  const change = isDeepStrictEqual(before, after)
    ? `stays ${words(after)}`
    : `from ${words(before)} to ${words(after)}`;
  return `${limitFacts[limit].label} ${change} (${printable(file)})`;
}
