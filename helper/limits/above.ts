import { join } from "node:path";
import { readCgroupFile } from "../kernel/cgroupfs.ts";
import { formatCpuList, parseCpuList } from "../protocol/cpuList.ts";
import { formatLimit, type LimitName } from "../protocol/limits.ts";
import type { LimitValue } from "../protocol/limitUnits.ts";
import { named } from "./devices.ts";
import { effectiveLimit, parentCgroup, rowOf } from "./effective.ts";
import { online } from "./machine.ts";
import { checkProtection } from "./protection.ts";
import type { EffectiveRule, LimitRow } from "./table.ts";
import type { PlacedCgroup } from "./target.ts";
import { unavailable } from "./unavailable.ts";

/** What is asked of one cgroup, together with what it has already. */
export interface Asked {
  readonly cgroup: PlacedCgroup;
  limitOf(limit: LimitName): LimitValue | undefined;
}

/**
 * Refuses more than the cgroups above leave: it would not be in force. Version 1 refuses a quota and a set of
 * processors by itself, version 2 takes whatever it is given. Throws limitUnavailable.
 */
export function checkAbove(row: LimitRow, value: LimitValue, asked: Asked): void {
  judges[row.effective]?.(row, value, asked);
}

type Judge = (row: LimitRow, value: LimitValue, asked: Asked) => void;

const judges: { readonly [rule in EffectiveRule]?: Judge } = {
  least: (row, value, { cgroup }) => {
    const above = effectiveAbove(row, cgroup);
    if (above && value > above.value) throw tooMuch(row, above);
  },
  each: (row, value, { cgroup }) => {
    const above = effectiveAbove(row, cgroup);
    const bounds = new Map(Object.entries(above?.value ?? {}));
    const asked = Object.entries(named(row, value));
    const isTooMuch = ([key, amount]: [string, number]) => amount > (bounds.get(key) ?? Infinity);
    if (above && asked.some(isTooMuch)) throw tooMuch(row, above);
  },
  processors: (row, _value, { cgroup, limitOf }) => {
    const quota = effectiveAbove(rowOf("cpuQuotaUs"), cgroup);
    const period = effectiveAbove(rowOf("cpuPeriodUs"), cgroup);
    if (!quota || !period) return;
    const most = Number(quota.value) / Number(period.value);
    const share = Number(limitOf("cpuQuotaUs") ?? 0) / Number(limitOf("cpuPeriodUs") ?? 1);
    if (share > most)
      throw unavailable(row, `${quota.file} leaves ${most} processors' worth of time`);
  },
  protection: (row, value, { cgroup }) => checkProtection(row, value, cgroup),
  nearest: (row, value, { cgroup }) => {
    if (typeof value === "string") checkSubset(row, value, cgroup);
  },
};

interface Above {
  readonly value: LimitValue;
  readonly file: string;
}

function effectiveAbove(row: LimitRow, cgroup: PlacedCgroup): Above | undefined {
  const parent = parentCgroup(cgroup);
  const { value, file = "" } = (parent && effectiveLimit(row, parent)?.reading) ?? {};
  return value === undefined ? undefined : { value, file };
}

function tooMuch(row: LimitRow, { value, file }: Above) {
  return unavailable(row, `${file} leaves ${formatLimit(row.limit, value)} at most`);
}

function checkSubset(row: LimitRow, list: string, cgroup: PlacedCgroup): void {
  const { text, file } = offeredTo(row, cgroup);
  const offered = parseCpuList(text) ?? [];
  const missing = (parseCpuList(list) ?? []).filter((number) => !offered.includes(number));
  if (missing.length === 0) return;
  const what = `${formatCpuList(missing)} cannot be had`;
  throw unavailable(row, `${what}: ${file} says ${formatCpuList(offered)}`);
}

/** What the nearest cgroup above has that says so, or else the machine. */
function offeredTo(row: LimitRow, cgroup: PlacedCgroup): { text: string; file: string } {
  const kind = row.limit === "cpusetCpus" ? "cpu" : "node";
  const parent = parentCgroup(cgroup);
  if (!parent) return online(kind);
  const name = kind === "cpu" ? "cpus" : "mems";
  const file =
    cgroup.hierarchy.version === 1 ? `cpuset.effective_${name}` : `cpuset.${name}.effective`;
  const text = readCgroupFile(parent.directory, file)?.trim();
  return text ? { text, file: join(parent.directory, file) } : offeredTo(row, parent);
}
