import { ByInode } from "../../kernel/byInode.ts";
import type { CgroupMounts } from "../../kernel/cgroupfs.ts";
import { processIds } from "../../kernel/procfs.ts";
import { readProcTasks } from "../../kernel/procTasks.ts";
import type { Lineage } from "../../kernel/taskTable.ts";
import { isSameRow } from "../../protocol/tableChanges.ts";
import { commandLineOf, forgetCommandLine } from "../commandLines.ts";
import {
  type CgroupIds,
  type LooseThread,
  type NamespaceInodes,
  prepareTasks,
  readTasks,
  type Task,
  type TaskTable,
} from "../tasks.ts";
import { inSlices } from "../turns.ts";

/** From here on one look at all processes is cheaper than one at each of these, where the iterator makes it. */
const manyProcesses = 64;
/** So many are read before others may have a turn: 0.05 ms each. */
const chunkLength = 16;
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
  /** Without those of which /proc told something later. */
  #told = new ByInode<Lineage>();

  get table(): TaskTable {
    // As whoever reads all at once has them: a process may have the number of one that has ended.
    this.#table ??= {
      source: this.#source,
      tasks: [...this.#tasks.values()].sort(byPid),
      threads: [...this.#threads.values()].flat().sort(byPid),
      told: this.#told,
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
    const isChanged =
      source === "bpf" ? this.#takeAll(readTasks(this.mounts)) : await this.#readProc();
    // Rows have them. Of thousands of processes they are read as the processes are: one by one, once.
    await inSlices(this.#tasks.values(), commandLineOf);
    return isChanged;
  }

  async #readProc(): Promise<boolean> {
    const pids = new Set([...processIds(), ...this.#tasks.keys()]);
    return (await this.#readEach(pids)).isChanged;
  }

  /** Reads these, of which something was told: their command lines, too. True: something changed. */
  async readSome(pids: ReadonlySet<number>): Promise<boolean> {
    for (const pid of pids) forgetCommandLine(pid);
    if (this.#source === "bpf" && pids.size >= manyProcesses)
      return this.#takeAll(readTasks(this.mounts));
    const named = await this.#readEach(pids, true);
    // What /proc denies the iterator does tell.
    if (this.#source === "bpf" && named.isDenied) return this.#takeAll(readTasks(this.mounts));
    const orphans = await this.#readEach(this.#orphansOf(pids));
    return named.isChanged || orphans.isChanged;
  }

  /** Who has ended leaves its children to another parent, of which no event tells. */
  #orphansOf(pids: ReadonlySet<number>): readonly number[] {
    const hasEnded = (pid: number) => pids.has(pid) && this.#tasks.get(pid)?.zombie !== false;
    const orphans = [...this.#tasks.values()].filter(({ parentPid }) => hasEnded(parentPid));
    return orphans.map(({ pid }) => pid);
  }

  /** By /proc. What is read is taken at once: what another one reads later is newer. */
  async #readEach(all: Iterable<number>, isNews = false) {
    let [isChanged, isDenied] = [false, false];
    await inSlices(chunks([...all]), (pids) => {
      const table = readProcTasks(pids, this.mounts);
      if (table.denied > 0) isDenied = true;
      if (isNews && isDenied && this.#source === "bpf") return;
      if (this.#take(pids, table, isNews)) isChanged = true;
    });
    return { isChanged, isDenied };
  }

  #takeAll(table: TaskTable): boolean {
    this.#source = table.source;
    const pids = new Set([...this.#tasks.keys(), ...table.tasks.map(({ pid }) => pid)]);
    const isChanged = this.#take([...pids], table);
    this.#told = new ByInode(table.told);
    return isChanged;
  }

  /**
   * What `read` tells of `pids` is all that there is of them. `isNews`: who executes the same program again has another
   * command line, and nothing else that is new.
   */
  #take(pids: readonly number[], read: TaskTable, isNews = false): boolean {
    const tasks = new Map(read.tasks.map((task) => [task.pid, task]));
    const threads = threadsByProcess(read);
    let isChanged = false;
    for (const pid of pids) {
      const found = tasks.get(pid);
      const task = found && this.#withShared(found);
      const before = this.#tasks.get(pid);
      const isSame = task === before || (!isNews && isSameTask(task, before));
      if (isSame && isSameRow(threads.get(pid), this.#threads.get(pid))) continue;
      this.#put(pid, task, threads.get(pid));
      isChanged = true;
    }
    return isChanged;
  }

  #put(pid: number, task: Task | undefined, threads: readonly LooseThread[] | undefined): void {
    this.#table = undefined;
    this.#forgetTold(task, this.#tasks.get(pid));
    if (task) this.#tasks.set(pid, task);
    else this.#tasks.delete(pid);
    if (threads) this.#threads.set(pid, threads);
    else this.#threads.delete(pid);
  }

  /** Where somebody is newly in a namespace, its number may have been another one's until then. */
  #forgetTold(task: Task | undefined, before: Task | undefined): void {
    if (!task || task.namespaces === before?.namespaces) return;
    for (const inode of Object.values(task.namespaces)) this.#told.delete(inode);
  }

  /** Those in the same cgroups or namespaces share one object, also when they were read at different times. */
  #withShared(task: Task): Task {
    const cgroupIds = this.#cgroupIds.get(task.cgroupIds);
    const namespaces = this.#namespaces.get(task.namespaces);
    if (cgroupIds === task.cgroupIds && namespaces === task.namespaces) return task;
    return { ...task, cgroupIds, namespaces };
  }

  /** Who may not read a process's namespaces may read none of them. */
  #countDenied(): number {
    return [...this.#tasks.values()].filter(({ namespaces }) => namespaces.user === 0).length;
  }
}

function byPid(a: { readonly pid: number }, b: { readonly pid: number }): number {
  return a.pid - b.pid;
}

/** What a reading tells of processes that are in the same namespaces and cgroups as before are the same objects. */
function isSameTask(a: Task | undefined, b: Task | undefined): boolean {
  if (!a || !b || a.namespaces !== b.namespaces || a.cgroupIds !== b.cgroupIds) return a === b;
  return (
    a.startTimeTicks === b.startTimeTicks &&
    a.parentPid === b.parentPid &&
    a.uid === b.uid &&
    a.command === b.command &&
    a.zombie === b.zombie &&
    a.kernelThread === b.kernelThread &&
    isSameRow(a.nestedPids, b.nestedPids)
  );
}

/** One object for all that say the same. */
class Shared<T extends object> {
  readonly #known = new Map<string, T>();
  /** Of an object that was seen: in one reading processes share them already. */
  #same = new WeakMap<T, T>();

  get(value: T): T {
    const same = this.#same.get(value) ?? this.#find(value);
    this.#same.set(value, same);
    return same;
  }

  #find(value: T): T {
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
