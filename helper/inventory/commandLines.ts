import { readCommandLine } from "../kernel/procfs.ts";
import type { Task } from "../kernel/taskTable.ts";
import { printable } from "../protocol/printable.ts";

const longest = 256;

/** More than a tree shows at once, and than most machines have; each is half a kilobyte at most. */
const mostKept = 16_384;

interface Kept {
  readonly startTimeTicks: number;
  /** What a process executes later has, as a rule, another name. */
  readonly command: string;
  readonly text: string;
}

/** By pid. */
const kept = new Map<number, Kept>();

/**
 * The arguments of a process joined by spaces, control characters replaced, 256 characters at most; empty for
 * a kernel thread, a zombie, and one that has ended. The table of processes has none of them: reading them of
 * every process would take longer than all the rest, so they are read of those that are shown.
 */
export function commandLineOf(
  task: Pick<Task, "pid" | "startTimeTicks" | "command" | "kernelThread" | "zombie">,
): string {
  if (task.kernelThread || task.zombie) return "";
  const { pid, startTimeTicks, command } = task;
  const known = kept.get(pid);
  if (known?.startTimeTicks === startTimeTicks && known.command === command) return known.text;
  const text = printable((readCommandLine(pid) ?? []).join(" "), longest);
  const [oldest] = kept.size >= mostKept ? kept.keys() : [];
  if (oldest !== undefined) kept.delete(oldest);
  kept.set(pid, { startTimeTicks, command, text });
  return text;
}

/** It has executed something, or ended. */
export function forgetCommandLine(pid: number): void {
  kept.delete(pid);
}
