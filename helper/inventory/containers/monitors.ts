import { readCommandLine } from "../../kernel/procfs.ts";
import { type HostProcess, tableKeys } from "../../protocol/hostTables.ts";
import type { Claim, Engine } from "./engine.ts";
import { engines } from "./engines.ts";

/** The kernel keeps 15 bytes of a program's name: TASK_COMM_LEN of include/linux/sched.h. */
const nameBytes = 15;

type ReadMonitor = NonNullable<Engine["monitors"]>[string];

const readers: ReadonlyMap<string, ReadMonitor> = new Map(
  engines.flatMap(({ monitors }) =>
    Object.entries(monitors ?? {}).map(([name, read]) => [name.slice(0, nameBytes), read] as const),
  ),
);

/** It is called as a program that watches containers. Anybody may be called so. */
export function isMonitor({ command }: HostProcess): boolean {
  return readers.has(command);
}

/** Arguments of the processes that are asked for again at the next look at the host. */
export class MonitorWords {
  #words = new Map<string, readonly string[]>();
  #before = this.#words;

  begin(): void {
    this.#before = this.#words;
    this.#words = new Map();
  }

  of(process: HostProcess): readonly string[] {
    const key = tableKeys.processes(process);
    const words = this.#words.get(key) ?? this.#before.get(key) ?? readCommandLine(process.pid);
    this.#words.set(key, words ?? []);
    return words ?? [];
  }
}

/** What a process's arguments say of the container that its child is. */
export function claimOf(
  monitor: HostProcess,
  words: readonly string[],
  child: HostProcess,
): Claim | undefined {
  return readers.get(monitor.command)?.(words, child);
}
