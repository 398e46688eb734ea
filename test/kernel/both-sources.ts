import { prepareTasks, readTasks, type TaskTable } from "../../helper/inventory/tasks.ts";
import { readProcTasks } from "../../helper/kernel/procTasks.ts";

/** What both sources tell of the processes that stay the same meanwhile. */
export interface BothSources {
  readonly iterator: TaskTable;
  readonly proc: TaskTable;
}

/** The iterator twice, with /proc in between: what differs between the two was changing, and says nothing. */
export async function readBothSources(): Promise<BothSources> {
  await prepareTasks();
  const before = readTasks();
  const proc = readProcTasks();
  const stable = stableKeys(before, readTasks());
  return { iterator: only(before, stable), proc: only(proc, stable) };
}

function stableKeys(before: TaskTable, after: TaskTable): ReadonlySet<string> {
  const later = new Map(rows(after).map(([key, row]) => [key, JSON.stringify(row)]));
  const same = rows(before).filter(([key, row]) => later.get(key) === JSON.stringify(row));
  return new Set(same.map(([key]) => key));
}

function rows({ tasks, threads }: TaskTable): readonly (readonly [key: string, row: unknown])[] {
  return [
    ...tasks.map((task) => [keyOf(task.pid), task] as const),
    ...threads.map((thread) => [keyOf(thread.pid, thread.tid), thread] as const),
  ];
}

function keyOf(pid: number, tid = 0): string {
  return `${pid} ${tid}`;
}

function only(table: TaskTable, keys: ReadonlySet<string>): TaskTable {
  return {
    ...table,
    tasks: table.tasks.filter(({ pid }) => keys.has(keyOf(pid))),
    threads: table.threads.filter(({ pid, tid }) => keys.has(keyOf(pid, tid))),
  };
}

/** As a program, for a reader in other namespaces. */
if (import.meta.main) process.stdout.write(JSON.stringify(await readBothSources()));
