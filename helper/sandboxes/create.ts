import { join } from "node:path";
import { attachment, type Launch, launch } from "../launch/launcher.ts";
import { createCgroups } from "../limits/cgroups.ts";
import { TerrariumError } from "../protocol/errors.ts";
import type { CreatedSandbox } from "../protocol/methods.ts";
import type { ParameterOutput } from "../protocol/schemas.ts";
import type { SandboxHost } from "./host.ts";
import { newRecord, processIdentity } from "./newRecord.ts";
import { checkPaths, type Sources } from "./paths.ts";
import { planRun } from "./plan.ts";
import { planFacts } from "./planFacts.ts";
import { lives, reconcile, sweepCgroups } from "./reconcile.ts";
import type { SandboxRecord } from "./record.ts";
import { checkProcesses } from "./startOrder.ts";
import { summarise } from "./summary.ts";

type CreateParameters = ParameterOutput<"sandbox/create">;

/**
 * Makes a sandbox: record, cgroups, launch, commit. Until the commit nothing of the command has run, and
 * whatever fails (or kills us) on the way leaves nothing: the launcher undoes its part when our end of the
 * sync pipe closes, `undo` the rest, and the next helper's reconciliation what we could not.
 */
export async function createSandbox(
  host: SandboxHost,
  parameters: CreateParameters,
): Promise<CreatedSandbox> {
  const { asker, registry } = host;
  const sources = checkPaths(parameters.spec, { home: asker.home, state: registry.state.root });
  checkProcesses(parameters.spec, parameters.stdio);
  const record = await reserve(host, parameters);
  try {
    const prepared = prepare(host, record, parameters);
    return await start(host, prepared, parameters, sources);
  } catch (error) {
    undo(host, record);
    throw error;
  }
}

/** Takes id, name and id range under the registry's lock, so that two helpers cannot take the same. */
function reserve(host: SandboxHost, parameters: CreateParameters): Promise<SandboxRecord> {
  return host.registry.exclusively(() => {
    reconcile(host);
    const records = host.registry.records();
    const record = newRecord(
      host,
      parameters,
      new Set(records.flatMap(({ idRangeBase }) => idRangeBase ?? [])),
    );
    if (records.some(({ name }) => name === record.name)) {
      throw new TerrariumError("nameTaken", { name: record.name });
    }
    host.registry.write(record);
    return record;
  });
}

function prepare(
  host: SandboxHost,
  record: SandboxRecord,
  { spec }: CreateParameters,
): SandboxRecord {
  const prepared = { ...record, cgroups: createCgroups(record.id, spec.limits) };
  host.registry.write(prepared);
  return prepared;
}

async function start(
  host: SandboxHost,
  record: SandboxRecord,
  parameters: CreateParameters,
  sources: Sources,
): Promise<CreatedSandbox> {
  const socket =
    parameters.stdio === "none"
      ? undefined
      : join(host.registry.directoryOf(record.id), "attach.sock");
  const partner = parameters.dieWith ? processIdentity(parameters.dieWith) : undefined;
  const launched = launch(
    "run",
    planRun(planFacts(host, record, parameters, { sources, socket })),
    record.command,
  );
  try {
    const ready = await launched.ready;
    // The launcher holds a pidfd by now: alive before and after, it is the process that was meant.
    if (partner && !lives(partner)) throw new TerrariumError("noSuchProcess", partner);
    const running = {
      ...record,
      monitor: processIdentity(launched.monitorPid),
      init: processIdentity(ready.pid),
      namespaces: ready.namespaces,
    };
    host.registry.write(running);
    await commit(launched, socket);
    return { sandbox: summarise(running), attach: socket ? attachment(socket) : undefined };
  } finally {
    launched.abort();
  }
}

/** With a terminal the command starts when the client attaches; without one we wait until it runs. */
async function commit(launched: Launch, socket: string | undefined): Promise<void> {
  launched.commit();
  if (!socket) await launched.started;
}

function undo({ registry }: SandboxHost, { id }: SandboxRecord): void {
  if (sweepCgroups(id)) registry.remove(id);
}
