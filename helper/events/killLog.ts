import { openKernelLog } from "../kernel/kernelLog.ts";
import type { Follower } from "./follower.ts";
import { attributeCounted, attributeLogged, isAt, type ToldKill, together } from "./oomKills.ts";
import { type LoggedKill, OomLog } from "./oomLog.ts";
import { containment } from "./paths.ts";

/** Kills that nobody followed: their cgroup may be asked about later. */
const mostOld = 256;

/** Counted by the last look and not told; of kills less than nothing: logged before they were counted. */
interface Untold {
  readonly kills: number;
  readonly limitHits: number;
}

const nothing: Untold = { kills: 0, limitHits: 0 };

/** What the kernel's log and its counters say of OOM kills, brought together. */
export class KillLog {
  readonly #records: ReturnType<typeof openKernelLog>;
  readonly #oomLog = new OomLog();
  readonly #contains = containment();
  readonly #untold = new WeakMap<Follower, Untold>();
  #old: readonly LoggedKill[] = [];

  constructor(open = openKernelLog) {
    this.#records = open();
  }

  get hasLog(): boolean {
    return this.#records !== undefined;
  }

  /** Since the last look. */
  look(atMs: number, followers: readonly Follower[]): readonly ToldKill[] {
    const logged = this.#read();
    const told = this.#attribute(logged, followers);
    const counted = this.#reckon(followers, logged);
    return [...together(told), ...attributeCounted(atMs, followers, counted, this.#contains)];
  }

  /** What the log knows from before anybody followed them. */
  old(followers: readonly Follower[]): readonly ToldKill[] {
    return this.#attribute([...this.#takeOld(), ...this.#read()], followers);
  }

  #read(): readonly LoggedKill[] {
    return this.#oomLog.take(this.#records?.read() ?? []);
  }

  #takeOld(): readonly LoggedKill[] {
    const old = this.#old;
    this.#old = [];
    return old;
  }

  #attribute(kills: readonly LoggedKill[], followers: readonly Follower[]): readonly ToldKill[] {
    return kills.flatMap((kill) => {
      const told = attributeLogged(kill, followers, this.#contains);
      if (!told) this.#old = [...this.#old, kill].slice(-mostOld);
      return told ?? [];
    });
  }

  /**
   * How many kills of each were counted that the log does not tell of. It may be a moment late, or the counter:
   * one look is waited for. So it is where nobody logs: a kill is counted when its victim is chosen, which then has
   * yet to die.
   */
  #reckon(
    followers: readonly Follower[],
    logged: readonly LoggedKill[],
  ): ReadonlyMap<Follower, number> {
    const counted = new Map<Follower, number>();
    const isEarly = followers.some(({ kills, members }) => kills > 0 && members.areAllThere());
    for (const follower of followers) {
      const before = this.#untold.get(follower) ?? nothing;
      const now = follower.kills - logged.filter((kill) => this.#isOf(follower, kill)).length;
      const isLate = before.kills === 0 && (this.hasLog || isEarly);
      const { limitHits } = follower;
      const kills = before.kills + now;
      follower.limitHits += before.limitHits;
      if (kills > 0 && !isLate) counted.set(follower, kills);
      this.#untold.set(follower, isLate ? { kills, limitHits } : nothing);
    }
    return counted;
  }

  /** Whether the follower's counter tells of this kill. */
  #isOf(follower: Follower, { processPath, killed }: LoggedKill): boolean {
    const { memory, memoryPath, members } = follower;
    if (processPath === undefined) return members.has(killed.pid);
    if (memoryPath === undefined || !this.#contains(memoryPath, processPath)) return false;
    return memory?.hierarchy.version === 2 || isAt(processPath, follower);
  }
}
