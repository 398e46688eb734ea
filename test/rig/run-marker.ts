import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * A variable that every process of a test run inherits. It finds what a test left running, in
 * whatever process group or session that is, and nothing that the run did not start.
 */
const marker = "TERRARIUM_TEST_RUN";

export function markRun(): void {
  process.env[marker] = randomUUID();
}

/** Ends every other process that carries this run's marker: politely first. */
export async function endRun(): Promise<void> {
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    const left = markedProcesses();
    if (left.length === 0) return;
    for (const pid of left) signalProcess(pid, signal);
    await sleep(1_000);
  }
}

function markedProcesses(): number[] {
  const entry = `${marker}=${process.env[marker]}`;
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid && environmentOf(pid).includes(entry));
}

/** As it was when the process started; empty for a zombie and for a process of somebody else. */
function environmentOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
  } catch {
    return [];
  }
}

function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended in the meantime.
  }
}
