import { readStat } from "../kernel/procfs.ts";
import { TerrariumError } from "../protocol/errors.ts";

/** `startTimeTicks`: field 22 of /proc/PID/stat, which tells it from a later process with its number. */
export interface AskedProcess {
  readonly pid: number;
  readonly startTimeTicks?: number | undefined;
}

/** `812`, or `812@5123` with the start time. Undefined for what names no process. */
export function parseProcessTarget(target: string): AskedProcess | undefined {
  const [, pid, start] = /^(\d{1,7})(?:@(\d{1,15}))?$/.exec(target) ?? [];
  if (pid === undefined) return undefined;
  return { pid: Number(pid), startTimeTicks: start === undefined ? undefined : Number(start) };
}

/** Asked after a reading: then all that was read was this one's. Throws noSuchProcess. */
export function checkSameProcess({ pid, startTimeTicks }: AskedProcess): void {
  if (startTimeTicks === undefined || readStat(pid)?.startTimeTicks === startTimeTicks) return;
  throw new TerrariumError("noSuchProcess", { pid });
}
