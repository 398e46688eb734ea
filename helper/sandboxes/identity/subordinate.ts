import { readSubordinateIds } from "../../kernel/subordinate.ts";
import type { Asker, IdMaps, SandboxIdentity } from "./identity.ts";
import { idRangeSize } from "./idRange.ts";

/** Undefined where the host gives this user no further ids: root inside is then all there is. */
export function subordinateMaps(
  asker: Asker,
): Pick<SandboxIdentity, "uidMap" | "gidMap"> | undefined {
  const ids = readSubordinateIds(asker.uid);
  if ("missing" in ids) return undefined;
  return { uidMap: mapsOf(asker.uid, ids.uids), gidMap: mapsOf(asker.gid, ids.gids) };
}

/** 65,536 ids at most, as every other range of a sandbox has. */
export function mapsOf(
  own: number,
  ranges: readonly { readonly start: number; readonly count: number }[],
): IdMaps {
  let next = 1;
  const further = ranges.flatMap(({ start, count }): [number, number, number][] => {
    const inside = next;
    const taken = Math.min(count, idRangeSize - inside);
    next += taken;
    return taken > 0 ? [[inside, start, taken]] : [];
  });
  return [[0, own, 1], ...further];
}
