import { signalProcess } from "../kernel/signal.ts";
import { mainProcess } from "../protocol/processes.ts";
import { forwardedSignals, type SignalName } from "../protocol/signals.ts";
import type { SandboxHost } from "./host.ts";
import { readMembers } from "./members.ts";
import { findRunning, resume } from "./pause.ts";
import type { ProcessIdentity, SandboxRecord } from "./record.ts";

/**
 * Sends one signal to a sandbox, by pidfd. SIGKILL goes to PID 1, with which the kernel ends everything
 * inside; what init passes on goes to init; the rest to the command itself. A paused sandbox gets its
 * signals when it is resumed, SIGKILL excepted.
 */
export function killSandbox({ registry }: SandboxHost, target: string, signal: SignalName): void {
  const record = findRunning(registry.records(), target);
  const receiver = receiverOf(record, signal);
  if (receiver) signalProcess(receiver, signal);
  if (signal === "SIGKILL") resume(record);
}

function receiverOf(record: SandboxRecord, signal: SignalName): ProcessIdentity | undefined {
  if (signal === "SIGKILL" || forwardedSignals.has(signal)) return record.init;
  return mainProcess(readMembers([record]).get(record.id) ?? []);
}
