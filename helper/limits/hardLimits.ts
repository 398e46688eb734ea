import { readFileSync } from "node:fs";
import { readStatus } from "../kernel/procfs.ts";
import { parseResourceLimit } from "../kernel/resourceLimits.ts";
import { capabilityNames } from "../protocol/capabilities.ts";
import type { LimitValue } from "../protocol/limitUnits.ts";
import {
  amountOf,
  isResourceLimit,
  type ResourceLimitName,
  resourceLimitFacts,
  softAndHard,
} from "../protocol/resourceLimits.ts";
import type { CgroupFiles } from "./files/limitFile.ts";
import type { LimitUpdate } from "./updates.ts";

/** How far a process may raise its own limit. Who lacks CAP_SYS_RESOURCE can only lower that: setrlimit(2). */

/** Changes that this helper could not put back. */
export function lastingFor(updates: readonly LimitUpdate[]): readonly LimitUpdate[] {
  if (mayRaise()) return [];
  return updates.filter(
    ({ limit, before, after }) => isResourceLimit(limit) && hardOf(after) < hardOf(before),
  );
}

function mayRaise(): boolean {
  const { effective } = readStatus("self")?.capabilities ?? { effective: 0n };
  return capabilityNames(effective).includes("SYS_RESOURCE");
}

/** kernel/sys.c, do_prlimit() and check_prlimit_permission(): why it is EPERM. */
export function whyNotPermitted(
  limit: ResourceLimitName,
  files: CgroupFiles,
  asked: LimitValue | undefined,
): string {
  const { resource } = resourceLimitFacts[limit];
  const held = parseResourceLimit(files.read("limits") ?? "", resource);
  const wanted = hardOf(asked);
  const most = limit === "ulimitNofile" ? Number(readFileSync(mostFiles, "utf8")) : undefined;
  if (most !== undefined && wanted > most) return `${mostFiles} allows ${most} at most`;
  if (wanted <= hardOf(held)) {
    return "only root may change a process of another user, or one that has changed its ids";
  }
  return `its hard limit is ${softAndHard(held ?? "")[1]}; raising it needs CAP_SYS_RESOURCE on this machine, which this helper lacks`;
}

const mostFiles = "/proc/sys/fs/nr_open";

function hardOf(value: LimitValue | null | undefined): number {
  return amountOf(softAndHard(`${value}`)[1]);
}
