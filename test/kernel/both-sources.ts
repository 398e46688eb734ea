import { noHoldings } from "../../helper/inventory/namespaces/holdings.ts";
import { readNamespaces } from "../../helper/inventory/namespaces/namespaces.ts";
import { prepareTasks, readTasks, type TaskTable } from "../../helper/inventory/tasks.ts";
import { readProcTasks } from "../../helper/kernel/procTasks.ts";
import type { HostNamespace } from "../../helper/protocol/hostTables.ts";

/** What both sources tell of the processes that stay the same meanwhile. */
export interface BothSources {
  readonly iterator: TaskTable;
  readonly proc: TaskTable;
  readonly namespaces: BothAnswers;
}

/** Namespaces of those processes, and what is above them: as the iterator tells, and as ioctl_nsfs(2) answers. */
interface BothAnswers {
  readonly told: readonly HostNamespace[];
  readonly asked: readonly HostNamespace[];
}

/** The iterator twice, with /proc in between: what differs between the two was changing, and says nothing. */
export async function readBothSources(): Promise<BothSources> {
  await prepareTasks();
  const before = readTasks();
  const proc = readProcTasks();
  const told = readNamespaces(before, noHoldings).rows;
  const asked = readNamespaces({ ...before, told: undefined }, noHoldings).rows;
  const stable = stableKeys(before, readTasks());
  const iterator = only(before, stable);
  const namespaces = { told: onlyOf(iterator, told), asked: onlyOf(iterator, asked) };
  return { iterator, proc: only(proc, stable), namespaces };
}

function onlyOf({ tasks }: TaskTable, rows: readonly HostNamespace[]): readonly HostNamespace[] {
  const wanted = new Set(tasks.flatMap(({ namespaces }) => Object.values(namespaces)));
  // From below upwards: what is above one may be wanted only for what is above that.
  for (let count = 0; count !== wanted.size; ) {
    count = wanted.size;
    for (const { inode, parent, owner } of rows) {
      if (!wanted.has(inode)) continue;
      for (const above of [parent, owner]) if (above !== undefined) wanted.add(above);
    }
  }
  return rows.filter(({ inode }) => wanted.has(inode)).map(withoutKeepers);
}

/** Also processes that were changing keep them. */
function withoutKeepers(row: HostNamespace): HostNamespace {
  return { ...row, keepers: [], keepersLeftOut: 0 };
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
