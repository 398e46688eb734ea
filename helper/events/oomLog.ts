import type { KernelRecord } from "../kernel/kernelLog.ts";
import { unescapeRecord } from "../kernel/kernelLog.ts";
import { pageBytes } from "../kernel/pageSize.ts";
import type { KilledProcess } from "../protocol/events.ts";
import { printable } from "../protocol/printable.ts";

/** One kill by the OOM killer, as the kernel's log tells it. Paths are those of the whole machine. */
export interface LoggedKill {
  readonly atMs: number;
  readonly killed: KilledProcess;
  readonly biggest?: KilledProcess | undefined;
  /** The cgroup whose limit was reached; absent: the machine's memory was. */
  readonly limitPath?: string | undefined;
  readonly limitBytes?: number | undefined;
  /** The cgroup of the process; absent where the kernel held that line back (it tells of ten in five seconds). */
  readonly processPath?: string | undefined;
}

/** Of one OOM: who may die for it, and whose limit it was. mm/oom_kill.c, dump_header. */
interface Cause {
  readonly limitPath?: string | undefined;
  readonly processPath: string;
  readonly pid: number;
}

/**
 * Reads the OOM killer's lines out of the log, in whichever pieces they come. A process chooses 15 bytes of its
 * name, and no line here is known by less than that: nothing inside can forge one.
 */
export class OomLog {
  #biggest: KilledProcess | undefined;
  #cause: Cause | undefined;
  #limitBytes: number | undefined;
  /** Numbers before the name; 10 on Linux 6.8 and later. */
  #columns = 0;
  /** All of a cgroup die together (memory.oom.group): those that follow have the same cause. */
  #isGroup = false;

  take(records: readonly KernelRecord[]): readonly LoggedKill[] {
    return records.flatMap((record) => this.#take(record) ?? []);
  }

  #take({ atMs, text }: KernelRecord): LoggedKill | undefined {
    const row = parseRow(text, this.#columns);
    if (row) this.#biggest = larger(row, this.#biggest);
    else if (tableHead.test(text)) this.#begin(text);
    else if (/^Tasks in .* are going to be killed due to memory\.oom\.group set$/.test(text))
      this.#isGroup = true;
    else this.#cause = parseCause(text) ?? this.#cause;
    this.#limitBytes = parseLimit(text) ?? this.#limitBytes;
    const killed = parseKilled(text);
    return killed && this.#tell(atMs, killed);
  }

  #begin(head: string): void {
    this.#columns = head.trim().split(/\s+/).length - 4;
    this.#biggest = undefined;
    this.#isGroup = false;
  }

  #tell(atMs: number, killed: KilledProcess): LoggedKill {
    const isItsOwn = this.#isGroup || this.#cause?.pid === killed.pid;
    const { limitPath, processPath } = (isItsOwn && this.#cause) || {};
    const biggest = isItsOwn && this.#biggest?.pid !== killed.pid ? this.#biggest : undefined;
    const limitBytes = limitPath === undefined ? undefined : this.#limitBytes;
    return { atMs, killed, biggest, limitPath, limitBytes, processPath };
  }
}

function larger(a: KilledProcess, b: KilledProcess | undefined): KilledProcess {
  return (a.memoryBytes ?? 0) > (b?.memoryBytes ?? 0) ? a : (b ?? a);
}

const tableHead = /^\[ {2}pid {2}\] +uid +tgid total_vm +rss .*name$/;

/** `[   pid]   uid  tgid total_vm      rss …  name`: the columns between grew over the years, and a name may begin with numbers. */
function parseRow(text: string, columns: number): KilledProcess | undefined {
  const [, pid, rest = ""] = /^\[ *(\d+)\] +(.*)$/.exec(text) ?? [];
  if (pid === undefined || columns < 4) return undefined;
  const fields = rest.split(/ +/, columns);
  if (fields.length < columns || !fields.every((field) => /^-?\d+$/.test(field))) return undefined;
  const name = rest.replace(new RegExp(`^(?:-?\\d+ +){${columns - 1}}-?\\d+ `), "");
  return {
    pid: Number(pid),
    command: nameOf(name),
    memoryBytes: Number(fields[3]) * pageBytes(),
  };
}

/**
 * A path may hold a comma, and so may a name: a process is in the limited cgroup or below it, which tells the two
 * paths apart, and a name has 15 bytes at most, which tells where the second ends.
 */
const summary =
  /^oom-kill:constraint=\w+,.*?,(?:oom_memcg=(\/.*),task_memcg=(\1(?:\/.*?)?)|global_oom,task_memcg=(\/.*?)),task=(?:\\x[0-9a-f]{2}|[^\\]){0,15},pid=(\d+),uid=\d+$/;

function parseCause(text: string): Cause | undefined {
  const [, limitPath, below, anywhere, pid] = summary.exec(text) ?? [];
  const processPath = below ?? anywhere;
  if (processPath === undefined) return undefined;
  return {
    limitPath: limitPath === undefined ? undefined : unescapeRecord(limitPath),
    processPath: unescapeRecord(processPath),
    pid: Number(pid),
  };
}

/** mm/memcontrol.c, mem_cgroup_print_oom_meminfo: of the cgroup whose limit it is. */
function parseLimit(text: string): number | undefined {
  const kilobytes = /^memory: usage \d+kB, limit (\d+)kB, failcnt \d+$/.exec(text)?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}

function parseKilled(text: string): KilledProcess | undefined {
  const match =
    /^(?:Memory cgroup out|Out) of memory[^:]*: Killed process (\d+) \((.*)\) total-vm:\d+kB, anon-rss:(\d+)kB, file-rss:(\d+)kB, shmem-rss:(\d+)kB/.exec(
      text,
    );
  const [, pid, name = "", ...kilobytes] = match ?? [];
  if (pid === undefined) return undefined;
  const memoryBytes = kilobytes.reduce((sum, amount) => sum + Number(amount) * 1024, 0);
  return { pid: Number(pid), command: nameOf(name), memoryBytes };
}

function nameOf(text: string): string {
  return printable(unescapeRecord(text));
}
