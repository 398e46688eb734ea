import { readCgroupProcesses } from "../kernel/cgroupfs.ts";
import { readResidentBytes, readStat, readStatus } from "../kernel/procfs.ts";
import type { PlacedCgroup } from "../limits/target.ts";
import type { KilledProcess } from "../protocol/events.ts";
import { printable } from "../protocol/printable.ts";

/** More are not kept: who has a thousand processes is told what the log says of them. */
const mostMembers = 256;

/**
 * Who was in a cgroup when it was last looked at: when one of them is killed, its number inside, and where the
 * kernel's log may not be read its name and memory, can be had nowhere else any more.
 */
export class Members {
  #known = new Map<number, KilledProcess>();
  #vanished: readonly KilledProcess[] = [];
  readonly #directory: string | undefined;
  readonly #measured: boolean;

  /** `measured`: how much memory each has is read every time, because no log will tell. */
  constructor(cgroups: readonly PlacedCgroup[], measured: boolean) {
    const memory = cgroups.find(({ hierarchy }) => hierarchy.controllers.includes("memory"));
    this.#directory = (memory ?? cgroups[0])?.directory;
    this.#measured = measured;
  }

  look(): void {
    const pids = this.#directory === undefined ? [] : readCgroupProcesses(this.#directory);
    const present = pids.slice(0, mostMembers);
    const known = new Map(present.map((pid) => [pid, this.#describe(pid)]));
    this.#vanished = [...this.#known.values()].filter(({ pid = 0 }) => !known.has(pid));
    this.#known = known;
  }

  /** Somebody is there, and nobody has gone between the last two looks. */
  areAllThere(): boolean {
    return this.#known.size > 0 && this.#vanished.length === 0;
  }

  has(pid: number | undefined): boolean {
    return this.#find(pid) !== undefined;
  }

  innerPid(pid: number | undefined): number | undefined {
    return this.#find(pid)?.innerPid;
  }

  /** Those who went between the last two looks, the largest first. */
  vanished(): readonly KilledProcess[] {
    return [...this.#vanished].sort((a, b) => (b.memoryBytes ?? 0) - (a.memoryBytes ?? 0));
  }

  #find(pid: number | undefined): KilledProcess | undefined {
    if (pid === undefined) return undefined;
    return this.#known.get(pid) ?? this.#vanished.find((process) => process.pid === pid);
  }

  #describe(pid: number): KilledProcess {
    const known = this.#known.get(pid) ?? { pid, innerPid: readStatus(pid)?.nestedPids.at(-1) };
    if (!this.#measured) return known;
    const command = printable(readStat(pid)?.command ?? "");
    return { ...known, ...(command && { command }), memoryBytes: readResidentBytes(pid) };
  }
}
