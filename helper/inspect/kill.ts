import { isDenied } from "../kernel/errors.ts";
import { signalProcess } from "../kernel/signal.ts";
import { TerrariumError } from "../protocol/errors.ts";
import type { SignalName } from "../protocol/signals.ts";

/**
 * Sends one process a signal, by pidfd: its start time tells it from a later one with its number. Throws
 * noSuchProcess, needsPrivilege.
 */
export function killProcess(
  process: { readonly pid: number; readonly startTimeTicks: number },
  signal: SignalName,
): void {
  const { pid } = process;
  try {
    if (signalProcess(process, signal)) return;
  } catch (error) {
    if (!isDenied(error)) throw error;
    const what = `send ${signal} to process ${pid}`;
    throw new TerrariumError("needsPrivilege", { what, needs: "root, or to be its user" });
  }
  throw new TerrariumError("noSuchProcess", { pid });
}
