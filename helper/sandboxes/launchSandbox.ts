import { join } from "node:path";
import { attachment, type Launch, launch } from "../launch/launcher.ts";
import { createCgroups } from "../limits/cgroups.ts";
import { TerrariumError } from "../protocol/errors.ts";
import type { CreatedSandbox } from "../protocol/methods.ts";
import type { SandboxHost } from "./host.ts";
import { processIdentity } from "./newRecord.ts";
import { checkPaths, type Sources } from "./paths.ts";
import { planRun } from "./plan.ts";
import { type Occasion, planFacts } from "./planFacts.ts";
import { lives } from "./reconcile.ts";
import type { SandboxRecord } from "./record.ts";
import { checkProcesses } from "./startOrder.ts";

/** Refuses what could never be launched, before anything is made; answers where the spec's paths lead. */
export function checkSpec({ asker, registry }: SandboxHost, { spec, stdio }: Occasion): Sources {
  checkProcesses(spec, stdio);
  return checkPaths(spec, { home: asker.home, state: registry.state.root });
}

/** Cgroups, launch and commit of a sandbox whose record is written; undoing a failure is the caller's. */
export async function launchSandbox(
  host: SandboxHost,
  record: SandboxRecord,
  occasion: Occasion,
  sources: Sources,
): Promise<CreatedSandbox> {
  return start(host, prepare(host, record), occasion, sources);
}

function prepare(host: SandboxHost, record: SandboxRecord): SandboxRecord {
  const prepared = { ...record, cgroups: createCgroups(record.id, record.spec.limits) };
  host.registry.write(prepared);
  return prepared;
}

async function start(
  host: SandboxHost,
  record: SandboxRecord,
  occasion: Occasion,
  sources: Sources,
): Promise<CreatedSandbox> {
  const socket =
    occasion.stdio === "none"
      ? undefined
      : join(host.registry.directoryOf(record.id), "attach.sock");
  const partner = occasion.dieWith ? processIdentity(occasion.dieWith) : undefined;
  const launched = launch(
    "run",
    planRun(planFacts(host, record, occasion, { sources, socket })),
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
    return {
      sandbox: { id: record.id, name: record.name, pid: ready.pid },
      attach: socket ? attachment(socket) : undefined,
    };
  } finally {
    launched.abort();
  }
}

/** With a terminal the command starts when the client attaches; without one we wait until it runs. */
async function commit(launched: Launch, socket: string | undefined): Promise<void> {
  await launched.commit();
  if (!socket) await launched.started;
}
