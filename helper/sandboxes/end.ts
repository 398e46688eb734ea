import { setTimeout as sleep } from "node:timers/promises";
import { signalProcess } from "../kernel/signal.ts";
import { TerrariumError } from "../protocol/errors.ts";
import type { SandboxHost } from "./host.ts";
import { findRunning, resume } from "./pause.ts";
import { isAlive, isRunning, lives, reconcile, sweepCgroups } from "./reconcile.ts";
import type { SandboxRecord } from "./record.ts";
import { findRecord } from "./registry.ts";

const pollMs = 20;
const killTimeoutMs = 10_000;

/**
 * Asks the command to end (SIGTERM to init, which passes it on), then ends it: when PID 1 is killed the
 * kernel kills everything else in the pid namespace, so nothing can hold out.
 */
export async function stopSandbox(
  host: SandboxHost,
  target: string,
  timeoutMs: number,
): Promise<void> {
  const record = findRunning(host.registry.records(), target);
  signal(record, "SIGTERM");
  // An interactive shell ignores SIGTERM; that its terminal is gone it does heed (systemd's SendSIGHUP).
  if (record.tty) signal(record, "SIGHUP");
  if (!(await ended(() => !isRunning(record), timeoutMs))) signal(record, "SIGKILL");
  await settle(host, record);
}

/** Removes the record of an ended sandbox; with `force` ends a running one first. */
export async function removeSandbox(
  host: SandboxHost,
  target: string,
  force: boolean,
): Promise<void> {
  const record = findRecord(host.registry.records(), target);
  if (isAlive(record) && !force) throw new TerrariumError("sandboxRunning", { target });
  if (isRunning(record)) signal(record, "SIGKILL");
  await settle(host, record);
  await host.registry.exclusively(() => host.registry.remove(record.id));
}

/** Waits until the monitor has cleaned up, then sweeps what it could not. */
async function settle(host: SandboxHost, record: SandboxRecord): Promise<void> {
  const gone = await ended(() => !lives(record.init) && !lives(record.monitor), killTimeoutMs);
  if (!gone) {
    throw new TerrariumError("helperFailed", {
      reason: `process ${record.init?.pid} did not end within ${killTimeoutMs / 1000} s of SIGKILL`,
    });
  }
  await host.registry.exclusively(() => {
    // The monitor removes what it made; a cgroup that the host's root made below would keep it from that.
    const isStartedAnew = host.registry
      .records()
      .some((one) => one.id === record.id && isAlive(one));
    if (!isStartedAnew) sweepCgroups(record.id);
    reconcile(host);
  });
}

async function ended(condition: () => boolean, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() >= deadline) return false;
    await sleep(pollMs);
  }
  return true;
}

/** A paused sandbox runs on, so that it can heed what it was sent. */
function signal(record: SandboxRecord, name: NodeJS.Signals): void {
  if (record.init) signalProcess(record.init, name);
  resume(record);
}
