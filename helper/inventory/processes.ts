import { printable } from "../kernel/printable.ts";
import { processIds, readCommandLine, readStat, readStatus } from "../kernel/procfs.ts";
import type { ProcessFact } from "../protocol/inventory.ts";

const commandLineLength = 256;

/** Every process that the helper can see, by pid. */
export function readProcesses(): ProcessFact[] {
  return processIds().flatMap((pid) => processFact(pid) ?? []);
}

/** What a list shows of a process; undefined when it has ended. */
export function processFact(pid: number): ProcessFact | undefined {
  const stat = readStat(pid);
  const status = readStatus(pid);
  const commandLine = readCommandLine(pid);
  if (!stat || !status || !commandLine) return undefined;
  return {
    pid,
    nestedPids: status.nestedPids,
    parentPid: stat.parentPid,
    uid: status.uid.effective,
    command: printable(stat.command),
    commandLine: printable(commandLine.join(" "), commandLineLength),
    startTimeTicks: stat.startTimeTicks,
  };
}
