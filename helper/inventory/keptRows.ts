import type { HostProcess } from "../protocol/hostTables.ts";
import type { Task } from "./tasks.ts";

/**
 * Rows of processes from one reading to the next, for who keeps tasks, too: a task that is the same object has the same
 * row. By pid: to know 5,000 objects by themselves takes longer than to make them.
 */
export class KeptRows {
  readonly #made = new Map<number, { readonly task: Task; readonly row: HostProcess }>();

  get(task: Task): HostProcess | undefined {
    const made = this.#made.get(task.pid);
    return made?.task === task ? made.row : undefined;
  }

  set(task: Task, row: HostProcess): void {
    this.#made.set(task.pid, { task, row });
  }

  /** Of those that are not among these, which are all that there are. */
  forgetEnded(tasks: readonly Task[]): void {
    if (this.#made.size < 2 * tasks.length) return;
    const pids = new Set(tasks.map(({ pid }) => pid));
    for (const pid of this.#made.keys()) if (!pids.has(pid)) this.#made.delete(pid);
  }
}
