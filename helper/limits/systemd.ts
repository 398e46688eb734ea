import { basename } from "node:path";
import type { LimitChanges } from "../protocol/limitsReport.ts";
import type { LimitValue } from "../protocol/limitUnits.ts";
import { printable } from "../protocol/printable.ts";
import { isBooted } from "../systemd/booted.ts";
import type { PlacedCgroup } from "./target.ts";

/** The cgroup of a unit is written by systemd alone: systemd's CGROUP_DELEGATION, "single-writer rule". */
const unitSuffix = /\.(service|scope|slice|socket|mount|swap)$/;

/** The unit that a cgroup is; undefined without systemd (sd_booted(3)), and for what a unit made below itself. */
export function unitOf(cgroups: readonly PlacedCgroup[]): string | undefined {
  if (!isBooted()) return undefined;
  const names = cgroups.map(({ directory }) => basename(directory));
  // A name that would be a file of the cgroup's has an underscore before it.
  return names.find((name) => unitSuffix.test(name))?.replace(/^_/, "");
}

/** What makes a change last: systemd writes its own values again, at a daemon-reload for one. */
export function systemdNote(
  unit: string,
  cgroups: readonly PlacedCgroup[],
  changes: LimitChanges,
): string {
  const isUsers = cgroups.some(({ directory }) => /\/user@\d+\.service\//.test(directory));
  const command = isUsers ? "systemctl --user" : "systemctl";
  const shown = printable(unit);
  const quoted = `'${shown.replaceAll("'", "'\\''")}'`;
  const settings = properties.flatMap((property) => property(changes) ?? []).join(" ");
  return `systemd manages ${shown} and may write its own values again. What lasts: ${command} set-property --runtime ${quoted} ${settings || "PROPERTY=VALUE"}`;
}

type Property = (changes: LimitChanges) => string | undefined;

/** systemd.resource-control(5). */
const properties: readonly Property[] = [
  ({ memoryBytes }) => setting("MemoryMax", memoryBytes),
  ({ memoryHighBytes }) => setting("MemoryHigh", memoryHighBytes),
  ({ memoryLowBytes }) => setting("MemoryLow", memoryLowBytes, "0"),
  ({ memoryMinBytes }) => setting("MemoryMin", memoryMinBytes, "0"),
  ({ swapBytes }) => setting("MemorySwapMax", swapBytes),
  ({ pidsMax }) => setting("TasksMax", pidsMax),
  ({ ioWeight }) => setting("IOWeight", ioWeight, ""),
  ({ cpusetCpus }) => setting("AllowedCPUs", cpusetCpus, ""),
  ({ cpusetMems }) => setting("AllowedMemoryNodes", cpusetMems, ""),
  ({ cpuQuotaUs, cpuPeriodUs }) =>
    setting("CPUQuota", cpuQuotaUs && percentage(cpuQuotaUs, cpuPeriodUs ?? 100_000), ""),
];

/** `none` is systemd's word for no limit. */
function setting(
  name: string,
  value: LimitValue | null | undefined,
  none = "infinity",
): string | undefined {
  return value === undefined ? undefined : `${name}=${value ?? none}`;
}

/** Of one processor. */
function percentage(quotaUs: number, periodUs: number): string {
  return `${Math.max(1, Math.round((quotaUs * 100) / periodUs))}%`;
}
