import type { ProcessFact } from "./inventory.ts";

/** The pid that the process has where it lives: 1 for a sandbox's init. */
export function innerPid({ nestedPids, pid }: ProcessFact): number {
  return nestedPids.at(-1) ?? pid;
}

/**
 * The process to enter when a whole sandbox is meant: its command, which is the first that is not PID 1.
 * PID 1 is Terrarium's init, which keeps no privilege worth following; with `--no-init` it is the command.
 */
export function mainProcess(processes: readonly ProcessFact[]): ProcessFact | undefined {
  return processes.find((process) => innerPid(process) !== 1) ?? processes[0];
}
