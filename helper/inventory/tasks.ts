import { closeSync } from "node:fs";
import type { CgroupMounts } from "../kernel/cgroupfs.ts";
import { errnoOf } from "../kernel/errors.ts";
import { readProcTasks } from "../kernel/procTasks.ts";
import { readIteratedTasks } from "../kernel/taskIterator.ts";
import type { TaskTable } from "../kernel/taskTable.ts";
import { loadIterator } from "./loadIterator.ts";

export type {
  CgroupIds,
  LooseThread,
  NamespaceInodes,
  Task,
  TaskTable,
} from "../kernel/taskTable.ts";

/** From where processes are read; of /proc, why not by the iterator. */
export type TaskSource =
  | { readonly source: "bpf" }
  | { readonly source: "proc"; readonly why: string };

/** Descriptor of the iterator's link, while there is one. */
let link: number | undefined;
let prepared: Promise<TaskSource> | undefined;
let isKept = false;

/**
 * For a helper that stays: the first reading, which is of /proc, has the iterator loaded for those after it.
 * For a single one it would not pay: loading takes as long as /proc of a thousand processes.
 */
export function keepTaskIterator(): void {
  isKept = true;
}

/** Tries once to have the iterator, and tells whether it serves. */
export function prepareTasks(): Promise<TaskSource> {
  prepared ??= load();
  return prepared;
}

/**
 * Every process of the host, in one pass. What ends meanwhile is left out, and never an error. Where cgroups are
 * mounted is read where it is not given.
 */
export function readTasks(mounts?: CgroupMounts): TaskTable {
  if (isKept) void prepareTasks();
  return (link !== undefined && readIterated(link, mounts)) || readProcTasks(undefined, mounts);
}

async function load(): Promise<TaskSource> {
  const loaded = await loadIterator();
  if (!loaded.known) return { source: "proc", why: loaded.why };
  link = loaded.value;
  return { source: "bpf" };
}

/** Undefined where it failed, which it then will again. */
function readIterated(descriptor: number, mounts?: CgroupMounts): TaskTable | undefined {
  try {
    return withFirst(readIteratedTasks(descriptor), mounts);
  } catch (error) {
    closeSync(descriptor);
    link = undefined;
    prepared = Promise.resolve({ source: "proc", why: `read: ${errnoOf(error)}` });
    return undefined;
  }
}

/**
 * A pid namespace has a PID 1 as long as it lives. Where the iterator is not told of it (a hypervisor's agent
 * may be kept out of sight), /proc tells what it may.
 */
function withFirst(table: TaskTable, mounts?: CgroupMounts): TaskTable {
  if (table.tasks[0]?.pid === 1) return table;
  const { tasks, threads, denied } = readProcTasks([1], mounts);
  return {
    ...table,
    tasks: [...tasks, ...table.tasks],
    threads: [...threads, ...table.threads],
    denied,
  };
}
