import { closeSync } from "node:fs";
import { constants } from "node:os";
import { pidfdOpen, pidfdSendSignal } from "./libc.ts";
import { readStat } from "./procfs.ts";

/**
 * Signals exactly that process: the descriptor pins it, then its start time proves that it is the one
 * that was meant (pidfd_open(2)). False when it has ended.
 */
export function signalProcess(
  { pid, startTimeTicks }: { readonly pid: number; readonly startTimeTicks: number },
  signal: NodeJS.Signals,
): boolean {
  let descriptor: number;
  try {
    descriptor = pidfdOpen(pid);
  } catch {
    return false;
  }
  try {
    if (readStat(pid)?.startTimeTicks !== startTimeTicks) return false;
    pidfdSendSignal(descriptor, constants.signals[signal]);
    return true;
  } finally {
    closeSync(descriptor);
  }
}
