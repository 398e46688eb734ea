import { printable } from "../kernel/printable.ts";
import { readCommandLine } from "../kernel/procfs.ts";
import type { Task } from "../kernel/taskTable.ts";

const longest = 256;

/** As many processes as a tree shows at once, several times over. */
const mostKept = 4_096;

/** By pid, start time and name: what a process executes later has, as a rule, another name. */
const kept = new Map<string, string>();

/**
 * The arguments of a process joined by spaces, control characters replaced, 256 characters at most; empty for
 * a kernel thread, a zombie, and one that has ended. The table of processes has none of them: reading them of
 * every process would take longer than all the rest, so they are read of those that are shown.
 */
export function commandLineOf(
  task: Pick<Task, "pid" | "startTimeTicks" | "command" | "kernelThread" | "zombie">,
): string {
  if (task.kernelThread || task.zombie) return "";
  const key = `${task.pid} ${task.startTimeTicks} ${task.command}`;
  const known = kept.get(key);
  if (known !== undefined) return known;
  const commandLine = printable((readCommandLine(task.pid) ?? []).join(" "), longest);
  const [oldest] = kept.size === mostKept ? kept.keys() : [];
  if (oldest !== undefined) kept.delete(oldest);
  kept.set(key, commandLine);
  return commandLine;
}
