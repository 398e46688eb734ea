import { tryToKnow } from "../kernel/known.ts";
import { limitFacts, limitNames } from "../protocol/limits.ts";
import type { LimitRowReport } from "../protocol/limitsReport.ts";
import { whyAbsent } from "./absent.ts";
import { effectiveLimit, parentCgroup, rowOf } from "./effective.ts";
import { cgroupOf, readLimit } from "./read.ts";
import type { LimitRow } from "./table.ts";
import type { PlacedCgroup } from "./target.ts";

/** How people call a cgroup. */
export type TitleOf = (cgroup: PlacedCgroup) => string;

/** Every limit of the cgroups of one target. */
export function reportLimits(
  cgroups: readonly PlacedCgroup[],
  titleOf: TitleOf,
): readonly LimitRowReport[] {
  return limitNames.map((limit) => {
    const { unit, minimum, maximum } = limitFacts[limit];
    const said = tryToKnow(() => describe(rowOf(limit), cgroups, titleOf));
    const facts = said.known ? said.value : { unavailable: said.why };
    return { limit, unit, minimum, maximum, ...facts };
  });
}

type Said = Pick<LimitRowReport, "file" | "value" | "parent" | "effective" | "unavailable">;

function describe(row: LimitRow, cgroups: readonly PlacedCgroup[], titleOf: TitleOf): Said {
  const cgroup = cgroupOf(row, cgroups);
  const own = readLimit(row, cgroups);
  if (!own || !cgroup) return { unavailable: whyAbsent(row, cgroups) };
  const parent = parentCgroup(cgroup);
  return {
    file: own.file,
    value: own.value,
    parent: parent && readLimit(row, [parent])?.value,
    effective: describeEffective(row, cgroup, titleOf),
  };
}

function describeEffective(row: LimitRow, own: PlacedCgroup, titleOf: TitleOf): Said["effective"] {
  const { cgroup, reading } = effectiveLimit(row, own) ?? {};
  if (!cgroup || reading?.value === undefined) return undefined;
  return { value: reading.value, file: reading.file, title: titleOf(cgroup) };
}
