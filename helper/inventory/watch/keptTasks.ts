import type { CgroupMounts } from "../../kernel/cgroupfs.ts";
import { processIds } from "../../kernel/procfs.ts";
import { readProcTasks } from "../../kernel/procTasks.ts";
import { isSameRow } from "../../protocol/tableChanges.ts";
import { commandLineOf, forgetCommandLine } from "../commandLines.ts";
import { inSlices } from "../namespaces/slices.ts";
import {
  type CgroupIds,
  type LooseThread,
  type NamespaceInodes,
  prepareTasks,
  readTasks,
  type Task,
  type TaskTable,
} from "../tasks.ts";

/** From here on one look at all processes is cheaper than one at each of these, where the iterator makes it. */
const manyProcesses = 64;
/** So many are read before others may have a turn. */
const chunkLength = 32;
const mostShared = 10_000;

/**
 * The table of processes from one reading to the next. A process that is what it was stays the same object, by which
 * everything that is derived from it is known to be the same, too.
 */
export class KeptTasks {
  readonly #tasks = new Map<number, Task>();
  readonly #threads = new Map<number, readonly LooseThread[]>();
  readonly #cgroupIds = new Shared<CgroupIds>();
  readonly #namespaces = new Shared<NamespaceInodes>();
  /** Where cgroups are found. */
  mounts: CgroupMounts | undefined;
  #source: TaskTable["source"] = "proc";
  #table: TaskTable | undefined;

  get table(): TaskTable {
    this.#table ??= {
      source: this.#source,
      tasks: [...this.#tasks.values()],
      threads: [...this.#threads.values()].flat(),
      denied: this.#countDenied(),
    };
    return this.#table;
  }

  has(pid: number): boolean {
    return this.#tasks.has(pid);
  }

  isZombie(pid: number): boolean {
    return this.#tasks.get(pid)?.zombie === true;
  }

  /** Inode of its directory. */
  cgroupOf(pid: number, hierarchy: string): number | undefined {
    return this.#tasks.get(pid)?.cgroupIds[hierarchy];
  }

  /** Reads all of them, in slices where that takes long. True: something changed. */
  async readAll(): Promise<boolean> {
    const { source } = await prepareTasks();
    const isChanged = source === "bpf" ? this.#takeAll(readTasks()) : await this.#readProc();
    // Rows have them. Of thousands of processes they are read as the processes are: one by one, once.
    await inSlices(this.#tasks.values(), commandLineOf);
    return isChanged;
  }

  async #readProc(): Promise<boolean> {
    let isChanged = false;
    await inSlices(chunks([...new Set([...processIds(), ...this.#tasks.keys()])]), (pids) => {
      if (this.#take(pids, readProcTasks(pids, this.mounts))) isChanged = true;
    });
    return isChanged;
  }

  /** Reads these, of which something was told: their command lines, too. True: something changed. */
  readSome(pids: ReadonlySet<number>): boolean {
    for (const pid of pids) forgetCommandLine(pid);
    if (this.#source === "bpf" && pids.size >= manyProcesses) return this.#takeAll(readTasks());
    const table = readProcTasks([...pids], this.mounts);
    // What /proc denies the iterator does tell.
    if (this.#source === "bpf" && table.denied > 0) return this.#takeAll(readTasks());
    const isChanged = this.#take([...pids], table, true);
    return this.#readOrphans(pids) || isChanged;
  }

  /** Who has ended leaves its children to another parent, of which no event tells. */
  #readOrphans(pids: ReadonlySet<number>): boolean {
    const hasEnded = (pid: number) => pids.has(pid) && this.#tasks.get(pid)?.zombie !== false;
    const orphans = [...this.#tasks.values()].filter(({ parentPid }) => hasEnded(parentPid));
    const orphanPids = orphans.map(({ pid }) => pid);
    return orphans.length > 0 && this.#take(orphanPids, readProcTasks(orphanPids, this.mounts));
  }

  #takeAll(table: TaskTable): boolean {
    this.#source = table.source;
    const pids = new Set([...this.#tasks.keys(), ...table.tasks.map(({ pid }) => pid)]);
    return this.#take([...pids], table);
  }

  /**
   * What `read` tells of `pids` is all that there is of them. `isNews`: who executes the same program again has another
   * command line, and nothing else that is new.
   */
  #take(pids: readonly number[], read: TaskTable, isNews = false): boolean {
    const tasks = new Map(read.tasks.map((task) => [task.pid, task]));
    const threads = threadsByProcess(read);
    const changed = pids.filter((pid) => {
      const [task, before] = [tasks.get(pid), this.#tasks.get(pid)];
      const isSame = isNews ? task === before : isSameRow(task, before);
      return !isSame || !isSameRow(threads.get(pid), this.#threads.get(pid));
    });
    for (const pid of changed) this.#put(pid, tasks.get(pid), threads.get(pid));
    return changed.length > 0;
  }

  #put(pid: number, task: Task | undefined, threads: readonly LooseThread[] | undefined): void {
    this.#table = undefined;
    if (task) this.#tasks.set(pid, this.#withShared(task));
    else this.#tasks.delete(pid);
    if (threads) this.#threads.set(pid, threads);
    else this.#threads.delete(pid);
  }

  /** Those in the same cgroups or namespaces share one object, also when they were read at different times. */
  #withShared(task: Task): Task {
    const cgroupIds = this.#cgroupIds.get(task.cgroupIds);
    const namespaces = this.#namespaces.get(task.namespaces);
    return { ...task, cgroupIds, namespaces };
  }

  /** Who may not read a process's namespaces may read none of them. */
  #countDenied(): number {
    return [...this.#tasks.values()].filter(({ namespaces }) => namespaces.user === 0).length;
  }
}

/** One object for all that say the same. */
class Shared<T extends object> {
  readonly #known = new Map<string, T>();

  get(value: T): T {
    const text = Object.entries(value).join();
    const known = this.#known.get(text);
    if (known) return known;
    if (this.#known.size === mostShared) this.#known.clear();
    this.#known.set(text, value);
    return value;
  }
}

function threadsByProcess({ threads }: TaskTable): ReadonlyMap<number, readonly LooseThread[]> {
  const groups = new Map<number, LooseThread[]>();
  for (const thread of threads) {
    const group = groups.get(thread.pid);
    if (group) group.push(thread);
    else groups.set(thread.pid, [thread]);
  }
  return groups;
}

function* chunks(pids: readonly number[]): Iterable<readonly number[]> {
  for (let from = 0; from < pids.length; from += chunkLength) {
    yield pids.slice(from, from + chunkLength);
  }
}
