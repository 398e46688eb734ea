import { basename } from "node:path";
import { readCgroupMounts } from "../kernel/cgroupfs.ts";
import { linkDirectory } from "../limits/files/link.ts";
import { identityOf } from "../limits/identity.ts";
import { processHierarchy } from "../limits/processes.ts";
import { reportLimits, type TitleOf } from "../limits/report.ts";
import { unitOf } from "../limits/systemd.ts";
import { type CgroupTarget, limitPlaces, type PlacedCgroup } from "../limits/target.ts";
import { deviceOf } from "../network/device.ts";
import { TerrariumError } from "../protocol/errors.ts";
import type { LimitsReport } from "../protocol/limitsReport.ts";
import { printable } from "../protocol/printable.ts";
import { findCgroupTarget } from "./cgroupTarget.ts";
import type { SandboxHost } from "./host.ts";
import { withProcesses } from "./processPlaces.ts";
import { isRunning } from "./reconcile.ts";
import type { SandboxRecord } from "./record.ts";
import { trialsOf } from "./reverts.ts";

/** The limits of a sandbox, a process or a cgroup. Throws what findCgroupTarget does, sandboxNotRunning. */
export function readTargetLimits(host: SandboxHost, target: string): LimitsReport {
  const records = host.registry.records();
  const found = findCgroupTarget(host, target);
  const owner = ownerOf(found, records);
  if (found.sandbox !== undefined && !(owner && isRunning(owner))) {
    throw new TerrariumError("sandboxNotRunning", { target });
  }
  const unit = unitOf(found.cgroups);
  const places = limitPlaces(withProcesses(found, owner));
  return {
    target,
    title: found.title,
    kind: found.kind,
    sandbox: owner?.id,
    own: owner !== undefined,
    mode: readCgroupMounts().mode,
    identity: identityOf(found),
    unit: unit && printable(unit),
    rows: reportLimits(places, titlesFrom(records)),
    trials: trialsOf(host.registry.state, places),
  };
}

/** The sandbox that a target is, or is part of: a process or a cgroup inside. */
export function ownerOf(
  { sandbox, cgroups }: CgroupTarget,
  records: readonly SandboxRecord[],
): SandboxRecord | undefined {
  return records.find(
    (record) => record.id === sandbox || cgroups.some((cgroup) => isInside(cgroup, record)),
  );
}

export function isInside(place: PlacedCgroup, { id, cgroups }: SandboxRecord): boolean {
  const { directory, hierarchy } = place;
  if (hierarchy.id === processHierarchy(id)) return true;
  if (directory === linkDirectory(deviceOf(id))) return true;
  return cgroups.some((own) => `${directory}/`.startsWith(`${own.directory}/`));
}

export function titlesFrom(records: readonly SandboxRecord[]): TitleOf {
  const names = new Map(
    records.flatMap(({ name, cgroups }) => cgroups.map(({ directory }) => [directory, name])),
  );
  return ({ directory, hierarchy }) =>
    directory === hierarchy.mountPoint
      ? "/"
      : (names.get(directory) ?? printable(basename(directory)));
}
