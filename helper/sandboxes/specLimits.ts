import { linkDirectory } from "../limits/files/link.ts";
import { processHierarchy } from "../limits/processes.ts";
import { deviceOf } from "../network/device.ts";
import { TerrariumError } from "../protocol/errors.ts";
import { formatLimit, type LimitName, limitFacts, limitNames } from "../protocol/limits.ts";
import type { LimitChanges, LimitRowReport, UpdatedLimits } from "../protocol/limitsReport.ts";
import type { LimitValue } from "../protocol/limitUnits.ts";
import { bothLimits, ulimitNames } from "../protocol/privileges.ts";
import {
  isResourceLimit,
  resourceLimitFacts,
  resourceLimitOf,
  ulimitFrom,
} from "../protocol/resourceLimits.ts";
import type { ParameterOutput, SandboxSpec } from "../protocol/schemas.ts";
import type { SandboxHost } from "./host.ts";
import { isAlive } from "./reconcile.ts";
import type { SandboxRecord } from "./record.ts";

/** What a sandbox's next start uses. Both run under the registry's lock. */

interface Changed {
  readonly limit: LimitName;
  readonly hierarchyId: string;
  readonly directory: string;
  readonly after: LimitValue | null;
}

/** Of sandboxes themselves, not of the cgroups that were made below theirs, or of single processes. */
export function rememberLimits({ registry }: SandboxHost, changes: readonly Changed[]): void {
  for (const record of registry.records()) {
    const directories = record.cgroups.map(({ directory }) => directory);
    const own = new Set([...directories, linkDirectory(deviceOf(record.id))]);
    const ofAll = processHierarchy(record.id);
    const ours = changes.filter(
      ({ directory, hierarchyId }) => own.has(directory) || hierarchyId === ofAll,
    );
    if (ours.length === 0) continue;
    const asked = Object.fromEntries(ours.map(({ limit, after }) => [limit, after]));
    registry.write(withLimits(record, asked));
  }
}

/** A sandbox that does not run has no cgroup: only what it will be given changes. Throws sandboxNotRunning. */
export function updateAtRest(
  { registry }: SandboxHost,
  record: SandboxRecord,
  { target, limits, revertAfterMs }: ParameterOutput<"limits/update">,
): UpdatedLimits {
  // One that is just being made is somebody else's to write, and there is nothing to try out here.
  if (isAlive(record) || revertAfterMs !== undefined) {
    throw new TerrariumError("sandboxNotRunning", { target });
  }
  const names = limitNames.filter((name) => limits[name] !== undefined);
  const before = limitsOf(record.spec);
  registry.write(withLimits(record, limits));
  const words = (value: LimitRowReport["value"] | null, name: (typeof names)[number]) =>
    formatLimit(name, value ?? undefined);
  return {
    before: Object.fromEntries(names.map((name) => [name, before[name] ?? null])),
    after: names.map((limit) => rowAtRest(limit, limits)),
    changes: names.map(
      (name) =>
        `${limitFacts[name].label} from ${words(before[name], name)} to ${words(limits[name], name)}`,
    ),
  };
}

function rowAtRest(limit: LimitRowReport["limit"], limits: LimitChanges): LimitRowReport {
  const { unit, minimum, maximum } = limitFacts[limit];
  const unavailable = "it does not run; its next start uses this";
  return { limit, unit, minimum, maximum, value: limits[limit] ?? undefined, unavailable };
}

function withLimits(record: SandboxRecord, changes: LimitChanges): SandboxRecord {
  const entries = Object.entries({ ...limitsOf(record.spec), ...changes });
  const limits: SandboxSpec["limits"] = Object.fromEntries(
    entries.filter(([name, value]) => value !== null && !isResourceLimit(name)),
  );
  const ulimits = entries.flatMap(([name, value]) =>
    isResourceLimit(name) && value !== null
      ? [[resourceLimitFacts[name].resource, ulimitFrom(`${value}`)] as const]
      : [],
  );
  return { ...record, spec: { ...record.spec, limits, ulimits: Object.fromEntries(ulimits) } };
}

/** Those of its cgroups and of its processes, by the names of the one table. */
function limitsOf({ limits, ulimits }: SandboxSpec): LimitChanges {
  const resources = ulimitNames.flatMap((name) => {
    const limit = ulimits[name];
    if (limit === undefined) return [];
    const { soft, hard } = bothLimits(limit);
    return [[resourceLimitOf(name), `${soft}:${hard}`] as const];
  });
  return { ...limits, ...Object.fromEntries(resources) };
}
