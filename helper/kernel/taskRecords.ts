import { namespaceTypes } from "../protocol/namespaces.ts";
import { ByInode } from "./byInode.ts";
import { commandAt } from "./commands.ts";
import { KernelError } from "./errors.ts";
import { unknownNamespaces } from "./processDirectory.ts";
import {
  cgroupRecord,
  headerRecord,
  recordedNamespaces,
  recordFlags,
  recordKinds,
  recordMagic,
  recordVersion,
  setRecord,
  taskRecord,
  word,
} from "./recordLayout.ts";
import {
  type CgroupIds,
  cgroupIdsOfZombie,
  type Lineage,
  type LooseThread,
  type NamespaceInodes,
  type Task,
} from "./taskTable.ts";
import { takeAbove, takeTold } from "./toldNamespaces.ts";

type Reading = Readonly<{
  buffer: Buffer;
  words: Uint32Array;
  /** Ids of hierarchies by the number that /proc/PID/cgroup has for them. */
  hierarchies: ReadonlyMap<number, string>;
  sets: Map<number, Record<string, number>>;
  together: Map<number, NamespaceInodes>;
  told: ByInode<Lineage>;
  tasks: Task[];
  threads: LooseThread[];
}>;

/** Throws a KernelError where the records are of another version than these. */
export function parseRecords(
  buffer: Buffer,
  length: number,
  hierarchies: ReadonlyMap<number, string>,
): Pick<Reading, "tasks" | "threads" | "told"> {
  const words = new Uint32Array(buffer.buffer, buffer.byteOffset, length >> 2);
  const reading: Reading = {
    ...{ buffer, words, hierarchies, sets: new Map(), together: new Map() },
    ...{ told: new ByInode(), tasks: [], threads: [] },
  };
  if (!hasHeader(reading)) throw unreadable();
  for (let at = headerRecord.sizeof; at < length; at += sizeAt(words, at)) {
    takers[kindAt(words, at)]?.(reading, at);
  }
  return { tasks: reading.tasks, threads: looseThreads(reading), told: reading.told };
}

const takers: Readonly<Record<number, (reading: Reading, at: number) => void>> = {
  [recordKinds.cgroup]: takeCgroup,
  [recordKinds.task]: takeTask,
  [recordKinds.set]: takeSet,
  [recordKinds.above]: ({ words, told }, at) => takeAbove(words, at, told),
};

function unreadable(): KernelError {
  return new KernelError("read", "EPROTO", "the task iterator");
}

/** On the little-endian machines that Node runs on, a start's `kind` is the lower half, and `size` the upper. */
function kindAt(words: Uint32Array, at: number): number {
  return word(words, at) & 0xffff;
}

function sizeAt(words: Uint32Array, at: number): number {
  const size = word(words, at) >>> 16;
  if (size === 0) throw unreadable();
  return size;
}

function hasHeader({ words }: Reading): boolean {
  return (
    kindAt(words, 0) === recordKinds.header &&
    word(words, headerRecord.magic) === recordMagic &&
    word(words, headerRecord.version) === recordVersion
  );
}

/** Of 64 bits, the lower half first. What is a small number stays one: V8 makes a box for each result of a product. */
function wide(words: Uint32Array, at: number): number {
  const [low, high] = [word(words, at), word(words, at + 4)];
  return high === 0 ? low : high * 2 ** 32 + low;
}

function takeCgroup({ words, hierarchies, sets }: Reading, at: number): void {
  // One that is mounted nowhere, as version 2 may be, has no name.
  const hierarchy = hierarchies.get(word(words, at + cgroupRecord.hierarchy));
  if (hierarchy === undefined) return;
  const number = word(words, at + cgroupRecord.set);
  const set = sets.get(number) ?? {};
  set[hierarchy] = wide(words, at + cgroupRecord.idLow);
  sets.set(number, set);
}

function takeSet({ words, together, told }: Reading, at: number): void {
  const namespaces = namespacesOf(words, at + setRecord.namespaces);
  together.set(word(words, at + setRecord.set), namespaces);
  takeTold(words, at, told);
}

function takeTask(reading: Reading, at: number): void {
  const { words, tasks, threads } = reading;
  const pid = word(words, at + taskRecord.tgid);
  const tid = word(words, at + taskRecord.tid);
  const namespaces =
    reading.together.get(word(words, at + taskRecord.namespaces)) ?? unknownNamespaces;
  const flags = word(words, at + taskRecord.flags);
  const zombie = (flags & recordFlags.zombie) !== 0;
  if (tid !== pid) {
    if (!zombie) threads.push({ pid, tid, namespaces });
    return;
  }
  const cgroupIds = reading.sets.get(word(words, at + taskRecord.set)) ?? noCgroups;
  tasks.push({
    pid,
    parentPid: word(words, at + taskRecord.parent),
    uid: word(words, at + taskRecord.euid),
    startTimeTicks: wide(words, at + taskRecord.startLow),
    command: commandAt(reading.buffer, words, at + taskRecord.comm),
    nestedPids: nestedPidsOf(words, at, pid),
    namespaces,
    cgroupIds: zombie ? cgroupIdsOfZombie(cgroupIds) : cgroupIds,
    kernelThread: (flags & recordFlags.kernelThread) !== 0,
    zombie,
  });
}

const noCgroups: CgroupIds = {};

function namespacesOf(words: Uint32Array, at: number): NamespaceInodes {
  const place = at >> 2;
  return {
    pid: words[place + recordedNamespaces.pid] ?? 0,
    mnt: words[place + recordedNamespaces.mnt] ?? 0,
    net: words[place + recordedNamespaces.net] ?? 0,
    user: words[place + recordedNamespaces.user] ?? 0,
    uts: words[place + recordedNamespaces.uts] ?? 0,
    ipc: words[place + recordedNamespaces.ipc] ?? 0,
    cgroup: words[place + recordedNamespaces.cgroup] ?? 0,
    time: words[place + recordedNamespaces.time] ?? 0,
  };
}

function nestedPidsOf(words: Uint32Array, at: number, pid: number): readonly number[] {
  const count = word(words, at + taskRecord.nested);
  // A list that grows takes room for sixteen more.
  if (count === 0) return [pid];
  const pids = [pid, word(words, at + taskRecord.pids)];
  for (let i = 1; i < count; i += 1) pids.push(word(words, at + taskRecord.pids + 4 * i));
  return pids;
}

/** The kernel told of every thread that may be one: of those whose nsproxy is not their process's own. */
function looseThreads({ tasks, threads }: Reading): LooseThread[] {
  if (threads.length === 0) return threads;
  const processes = new Map(tasks.map((task) => [task.pid, task.namespaces]));
  const loose = threads.filter(({ pid, namespaces }) => {
    const ofProcess = processes.get(pid);
    return !ofProcess || namespaceTypes.some((type) => namespaces[type] !== ofProcess[type]);
  });
  return loose.sort((a, b) => a.pid - b.pid || a.tid - b.tid);
}
