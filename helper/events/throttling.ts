import type { Happening } from "../protocol/events.ts";
import type { Counters } from "./counters.ts";

/** Below this share of its periods nobody notices. */
const noticedShare = 0.1;
/** A burst of a second is no news: it is told when it lasts. */
const beginsAfterMs = 2_000;
/** A program that waits a moment between two bursts is throttled once, not twice. */
const endsAfterMs = 10_000;
/** Between two figures: a look that came early, because something else happened, says little. */
const shortestMs = 900;

interface Reading {
  readonly atMs: number;
  readonly periods: number;
  readonly throttled: number;
}

/** Follows how a CPU quota holds a cgroup back: told once when it begins to last, once when it is over. */
export class Throttling {
  #last: Reading | undefined;
  /** Where the present spell began. */
  #since: Reading | undefined;
  /** The end of the last look in which it was throttled. */
  #until: Reading | undefined;
  #told = false;

  next(atMs: number, { periods, throttled }: Counters): readonly Happening[] {
    if (periods === undefined || throttled === undefined) return [];
    const now: Reading = { atMs, periods, throttled };
    const last = this.#last;
    // Made again under the same name, it counts from nothing.
    if (!last || periods < last.periods) return this.#restart(now);
    if (atMs - last.atMs < shortestMs) return [];
    this.#last = now;
    return shareBetween(last, now) >= noticedShare ? this.#heldBack(last, now) : this.#free(now);
  }

  #restart(now: Reading): readonly Happening[] {
    const events = this.#told ? this.#end() : [];
    this.#since = undefined;
    this.#last = now;
    return events;
  }

  #heldBack(last: Reading, now: Reading): readonly Happening[] {
    this.#since ??= last;
    this.#until = now;
    if (this.#told || now.atMs - this.#since.atMs < beginsAfterMs) return [];
    this.#told = true;
    return [{ kind: "throttled", phase: "began", share: shareBetween(this.#since, now) }];
  }

  #free(now: Reading): readonly Happening[] {
    if (!this.#told) {
      this.#since = undefined;
      return [];
    }
    return now.atMs - (this.#until?.atMs ?? 0) < endsAfterMs ? [] : this.#end();
  }

  #end(): readonly Happening[] {
    const [since, until] = [this.#since, this.#until];
    this.#told = false;
    this.#since = undefined;
    if (!since || !until) return [];
    const share = shareBetween(since, until);
    return [{ kind: "throttled", phase: "ended", share, forMs: until.atMs - since.atMs }];
  }
}

function shareBetween(a: Reading, b: Reading): number {
  const periods = b.periods - a.periods;
  return periods > 0 ? Math.min(1, (b.throttled - a.throttled) / periods) : 0;
}
