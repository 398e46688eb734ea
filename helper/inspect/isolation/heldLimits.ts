import { type Known, tryToKnow } from "../../kernel/known.ts";
import { whyAbsent } from "../../limits/absent.ts";
import { effectiveLimit, rowOf } from "../../limits/effective.ts";
import { cgroupOf } from "../../limits/read.ts";
import { type PlacedCgroup, targetOfProcess } from "../../limits/target.ts";
import type { LimitName } from "../../protocol/limits.ts";

/** What bounds a process: the lowest limit of its cgroup and of those above. */
export interface HeldLimit {
  /** Bytes, a count, or processors (1.5 is one and a half). Undefined: none is set. */
  readonly value: number | undefined;
  /** The file that sets it, or the process's own where none does. */
  readonly file: string;
}

export type HeldLimits = Readonly<Record<"memory" | "pids" | "cpu", Known<HeldLimit>>>;

/** Throws noSuchProcess. */
export function heldLimits(pid: number): HeldLimits {
  const { cgroups } = targetOfProcess(pid);
  const quota = held("cpuQuotaUs", cgroups);
  const period = held("cpuPeriodUs", cgroups);
  return {
    memory: held("memoryBytes", cgroups),
    pids: held("pidsMax", cgroups),
    cpu: quota.known && period.known ? processors(quota.value, period.value) : quota,
  };
}

function held(limit: LimitName, cgroups: readonly PlacedCgroup[]): Known<HeldLimit> {
  const row = rowOf(limit);
  const own = cgroupOf(row, cgroups);
  const effective = tryToKnow(() => own && effectiveLimit(row, own));
  if (!effective.known) return effective;
  if (!effective.value) return { known: false, why: whyAbsent(row, cgroups) };
  const { file, value } = effective.value.reading;
  return { known: true, value: { file, value: typeof value === "number" ? value : undefined } };
}

/** Both are of one cgroup: the one that leaves the fewest. */
function processors(quota: HeldLimit, period: HeldLimit): Known<HeldLimit> {
  const { file, value } = quota;
  const share = value === undefined || !period.value ? undefined : value / period.value;
  return { known: true, value: { file, value: share } };
}
