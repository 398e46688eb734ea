import { tryToKnow } from "../kernel/known.ts";
import { limitFacts } from "../protocol/limits.ts";
import type { LimitRowReport } from "../protocol/limitsReport.ts";
import { whyAbsent } from "./absent.ts";
import { effectiveLimit, parentCgroup, rowOf } from "./effective.ts";
import { processController } from "./processes.ts";
import { cgroupOf, readLimit } from "./read.ts";
import { type LimitRow, limitTable } from "./table.ts";
import type { PlacedCgroup } from "./target.ts";

/** How people call a cgroup. */
export type TitleOf = (cgroup: PlacedCgroup) => string;

/** Every limit of the cgroups of one target, and of its main process where it has one. */
export function reportLimits(
  cgroups: readonly PlacedCgroup[],
  titleOf: TitleOf,
): readonly LimitRowReport[] {
  const rows = limitTable.filter((row) => !isOfProcess(row) || cgroupOf(row, cgroups));
  return rows.map(({ limit }) => {
    const { unit, minimum, maximum } = limitFacts[limit];
    const said = tryToKnow(() => describe(rowOf(limit), cgroups, titleOf));
    const facts = said.known ? said.value : { unavailable: said.why };
    return { limit, unit, minimum, maximum, ...facts };
  });
}

function isOfProcess({ controller }: LimitRow): boolean {
  return controller === processController;
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
