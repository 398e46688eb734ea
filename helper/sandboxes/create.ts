import type { CreatedSandbox } from "../protocol/methods.ts";
import type { ParameterOutput } from "../protocol/schemas.ts";
import type { SandboxHost } from "./host.ts";
import { checkSpec, launchSandbox } from "./launchSandbox.ts";
import { newRecord, processIdentity } from "./newRecord.ts";
import { reconcile, sweepCgroups } from "./reconcile.ts";
import type { SandboxRecord } from "./record.ts";
import { settleSharing } from "./sharing.ts";

type CreateParameters = ParameterOutput<"sandbox/create">;

/**
 * Makes a sandbox: record, cgroups, launch, commit. Until the commit nothing of the command has run, and
 * whatever fails (or kills us) on the way leaves nothing: the launcher undoes its part when our end of the
 * sync pipe closes, `undo` the rest, and the next helper's reconciliation what we could not. With `start`
 * false only the record is made, for `startSandbox`.
 */
export async function createSandbox(
  host: SandboxHost,
  asked: CreateParameters,
): Promise<CreatedSandbox> {
  const parameters = { ...asked, spec: settleSharing(asked.spec, host.asker) };
  const sources = await checkSpec(host, parameters);
  const record = await reserve(host, parameters);
  if (!parameters.start) return { sandbox: { id: record.id, name: record.name } };
  try {
    return await launchSandbox(host, record, parameters, sources);
  } catch (error) {
    undo(host, record);
    throw error;
  }
}

/** Takes id, name and id range under the registry's lock, so that two helpers cannot take the same. */
function reserve(host: SandboxHost, parameters: CreateParameters): Promise<SandboxRecord> {
  return host.registry.exclusively(() => {
    reconcile(host);
    const record = {
      ...newRecord(host, parameters, host.registry.records()),
      ...(parameters.start
        ? { creator: processIdentity(process.pid) }
        : { lasting: true, keep: true }),
    };
    host.registry.write(record);
    return record;
  });
}

function undo({ registry }: SandboxHost, { id }: SandboxRecord): void {
  if (sweepCgroups(id)) registry.remove(id);
}
