import { statSync } from "node:fs";
import { readSubordinateRanges, readUsers } from "../../kernel/identity.ts";
import { processIds, readIdMap } from "../../kernel/procfs.ts";
import { TerrariumError } from "../../protocol/errors.ts";

/**
 * A free range of 65,536 unprivileged ids for a sandbox whose asker is root, as `systemd-nspawn -U` takes
 * one (systemd's UIDS-GIDS document: container ranges are 0x80000 to 0x6FFFFFFF, in blocks of 0x10000).
 */
export const idRangeSize = 0x1_0000;
const firstBase = 0x8_0000;
const lastBase = 0x6fff_0000;

interface Range {
  readonly start: number;
  readonly count: number;
}

/** The host's users, subordinate ids, and whatever runs; none of them may become a sandbox's. */
export function idsInUse(): readonly Range[] {
  const users = [...readUsers().keys()].map((uid) => ({ start: uid, count: 1 }));
  const subordinate = [...readSubordinateRanges("subuid"), ...readSubordinateRanges("subgid")];
  return [...users, ...subordinate, ...processIds().flatMap(rangesOfProcess)];
}

/**
 * What the user namespace of a process maps to ids where sandboxes are: systemd-nspawn and others take theirs
 * from the same place and write them down nowhere. Only who runs as such an id is asked for more.
 */
function rangesOfProcess(pid: number): readonly Range[] {
  const uid = statSync(`/proc/${pid}`, { throwIfNoEntry: false })?.uid ?? 0;
  if (uid < firstBase) return [];
  const lines = [...readMap(pid, "uid_map"), ...readMap(pid, "gid_map")];
  const mapped = lines.map(([, start, count]) => ({ start, count }));
  return [{ start: uid, count: 1 }, ...mapped.filter(({ count }) => count <= lastBase)];
}

/** Empty for one that ends meanwhile. */
function readMap(pid: number, file: "uid_map" | "gid_map") {
  try {
    return readIdMap(pid, file);
  } catch {
    return [];
  }
}

/** First free base that meets neither `bases` (other sandboxes) nor `inUse`; rather the one that it had `before`. */
export function chooseIdRange(
  bases: ReadonlySet<number>,
  inUse: readonly Range[],
  before?: number,
): number {
  const free = (base: number) =>
    !bases.has(base) &&
    !inUse.some(({ start, count }) => start < base + idRangeSize && base < start + count);
  if (before !== undefined && free(before)) return before;
  for (let base = firstBase; base <= lastBase; base += idRangeSize) {
    if (free(base)) return base;
  }
  throw new TerrariumError("idRangeExhausted", { tried: (lastBase - firstBase) / idRangeSize + 1 });
}
