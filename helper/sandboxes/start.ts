import { TerrariumError } from "../protocol/errors.ts";
import type { CreatedSandbox } from "../protocol/methods.ts";
import type { ParameterOutput } from "../protocol/schemas.ts";
import type { SandboxHost } from "./host.ts";
import { whoInside } from "./identity/whoInside.ts";
import { checkSpec, launchSandbox } from "./launchSandbox.ts";
import { subnetOf } from "./link.ts";
import { processIdentity } from "./newRecord.ts";
import type { Occasion } from "./plan/planFacts.ts";
import { isAlive, reconcile, sweepCgroups } from "./reconcile.ts";
import type { SandboxRecord } from "./record.ts";
import { findRecord } from "./registry.ts";

/**
 * Starts a sandbox that was only created, or one that has ended and whose record was kept: the same spec, id,
 * name and, where it is still free, range of ids, everything else new. A start that fails leaves it as one that
 * was only created.
 */
export async function startSandbox(
  host: SandboxHost,
  { target, ...attendance }: ParameterOutput<"sandbox/start">,
): Promise<CreatedSandbox> {
  const record = await claim(host, target, attendance.stdio === "tty");
  const occasion: Occasion = { ...attendance, spec: record.spec, keep: true };
  try {
    return await launchSandbox(host, record, occasion, await checkSpec(host, occasion));
  } catch (error) {
    release(host, record);
    throw error;
  }
}

/** Under the lock, so that of two helpers one starts it. */
function claim(host: SandboxHost, target: string, tty: boolean): Promise<SandboxRecord> {
  return host.registry.exclusively(() => {
    reconcile(host);
    const records = host.registry.records();
    const record = findRecord(records, target);
    const others = records.filter(({ id }) => id !== record.id);
    if (isAlive(record)) throw new TerrariumError("sandboxRunning", { target });
    const claimed = {
      ...atRest(record),
      // Its ids and addresses, or whom it joined then, may be somebody else's by now.
      ...whoInside(host, record.spec, others, record),
      subnet: subnetOf(record, others),
      tty,
      creator: processIdentity(process.pid),
    };
    host.registry.write(claimed);
    // Only now: a record whose init has ended without an ending would be taken for dead.
    host.registry.forgetEnding(record.id);
    return claimed;
  });
}

function release(host: SandboxHost, record: SandboxRecord): void {
  sweepCgroups(record.id);
  host.registry.write(atRest(record));
}

function atRest(record: SandboxRecord): SandboxRecord {
  const { creator, monitor, init, ...rest } = record;
  return { ...rest, lasting: true, keep: true, cgroups: [], namespaces: {} };
}
