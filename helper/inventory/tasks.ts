import { readProcTasks } from "../kernel/procTasks.ts";
import type { TaskTable } from "../kernel/taskTable.ts";

export type {
  CgroupIds,
  LooseThread,
  NamespaceInodes,
  Task,
  TaskTable,
} from "../kernel/taskTable.ts";

/** Every process of the host, in one pass. What ends meanwhile is left out, and never an error. */
export function readTasks(): TaskTable {
  return readProcTasks();
}
