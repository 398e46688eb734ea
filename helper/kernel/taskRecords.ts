import { namespaceTypes } from "../protocol/namespaces.ts";
import { printable } from "../protocol/printable.ts";
import { KernelError } from "./errors.ts";
import { unknownNamespaces } from "./processDirectory.ts";
import {
  cgroupRecord,
  commBytes,
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
  told: Map<number, Lineage>;
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
    ...{ told: new Map(), tasks: [], threads: [] },
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

const twoToThe32 = 2 ** 32;

function takeCgroup({ words, hierarchies, sets }: Reading, at: number): void {
  // One that is mounted nowhere, as version 2 may be, has no name.
  const hierarchy = hierarchies.get(word(words, at + cgroupRecord.hierarchy));
  if (hierarchy === undefined) return;
  const number = word(words, at + cgroupRecord.set);
  const set = sets.get(number) ?? {};
  const id = word(words, at + cgroupRecord.idHigh) * twoToThe32;
  set[hierarchy] = id + word(words, at + cgroupRecord.idLow);
  sets.set(number, set);
}

function takeSet({ words, together, told }: Reading, at: number): void {
  const namespaces = namespacesOf(words, at + setRecord.namespaces);
  together.set(word(words, at + setRecord.set), namespaces);
  takeTold(words, at, namespaces, told);
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
  const ticks = word(words, at + taskRecord.startHigh) * twoToThe32;
  const cgroupIds = reading.sets.get(word(words, at + taskRecord.set)) ?? noCgroups;
  tasks.push({
    pid,
    parentPid: word(words, at + taskRecord.parent),
    uid: word(words, at + taskRecord.euid),
    startTimeTicks: ticks + word(words, at + taskRecord.startLow),
    command: commandOf(reading.buffer, at + taskRecord.comm),
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
  const pids = [pid];
  for (let i = 0; i < count; i += 1) pids.push(word(words, at + taskRecord.pids + 4 * i));
  return pids;
}

function commandOf(buffer: Buffer, at: number): string {
  let end = at;
  while (end < at + commBytes && buffer[end] !== 0) end += 1;
  return printable(buffer.toString("utf8", at, end));
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
