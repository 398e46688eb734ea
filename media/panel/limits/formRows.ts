import type { LimitName } from "../../../helper/protocol/limits.ts";
import type { LimitRowReport } from "../../../helper/protocol/limitsReport.ts";

/** A limit that can be had, or one that cannot, which stands for others. */
export interface FormRow extends LimitRowReport {
  readonly alike?: readonly LimitName[];
}

/** Of all that cannot be had for one reason one row is left: a cgroup of one controller lacks two dozen. */
export function formRows(rows: readonly LimitRowReport[]): readonly FormRow[] {
  return rows.flatMap((row) => {
    if (row.unavailable === undefined) return [row];
    const [first, ...others] = rows.filter(({ unavailable }) => unavailable === row.unavailable);
    return first === row ? [{ ...row, alike: others.map(({ limit }) => limit) }] : [];
  });
}
