import type { Task } from "./tasks.ts";

/** Who it is, and nobody else later: a process's key in the tables, too. */
export function processKey({ pid, startTimeTicks }: Pick<Task, "pid" | "startTimeTicks">): string {
  return `${pid}:${startTimeTicks}`;
}
