import { deviceOf } from "../network/device.ts";
import { TerrariumError } from "../protocol/errors.ts";
import { formatLimit, type LimitName, limitFacts, limitNames } from "../protocol/limits.ts";
import type { LimitChanges, LimitRowReport, UpdatedLimits } from "../protocol/limitsReport.ts";
import type { LimitValue } from "../protocol/limitUnits.ts";
import type { ParameterOutput, SandboxSpec } from "../protocol/schemas.ts";
import type { SandboxHost } from "./host.ts";
import { isAlive } from "./reconcile.ts";
import type { SandboxRecord } from "./record.ts";

/** What a sandbox's next start uses. Both run under the registry's lock. */

interface Changed {
  readonly limit: LimitName;
  readonly directory: string;
  readonly after: LimitValue | null;
}

/** Of the cgroups of sandboxes themselves, not of those that were made below them. */
export function rememberLimits({ registry }: SandboxHost, changes: readonly Changed[]): void {
  for (const record of registry.records()) {
    const directories = record.cgroups.map(({ directory }) => directory);
    const own = new Set([...directories, deviceOf(record.id)]);
    const ours = changes.filter(({ directory }) => own.has(directory));
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
  const before = record.spec.limits;
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
  const entries = Object.entries({ ...record.spec.limits, ...changes });
  const limits: SandboxSpec["limits"] = Object.fromEntries(
    entries.filter(([, value]) => value !== null),
  );
  return { ...record, spec: { ...record.spec, limits } };
}
