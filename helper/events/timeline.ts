import { TerrariumError } from "../protocol/errors.ts";
import { type Happening, isSameValue, type TimelineEvent } from "../protocol/events.ts";
import { findCgroupTarget } from "../sandboxes/cgroupTarget.ts";
import type { SandboxHost } from "../sandboxes/host.ts";
import type { Target } from "./follower.ts";
import { Watching } from "./watching.ts";

/** What one client wants to hear of. */
export interface Wanted {
  /** Every sandbox, those to come too. */
  readonly sandboxes: boolean;
  /** Besides: sandboxes, processes, cgroups by name, as a client writes them. */
  readonly targets: readonly string[];
}

export interface Subscription {
  /** The whole of it from now on; nothing stops all work for this client. Answers which targets are not there. */
  set(wanted: Wanted): readonly string[];
  dispose(): void;
}

interface Entry {
  readonly event: TimelineEvent;
  /** Keys of all whom it concerns: one OOM is told once, also to who follows the cgroup below. */
  readonly concerns: ReadonlySet<string>;
  readonly ofSandbox: boolean;
}

interface Selection {
  readonly sandboxes: boolean;
  readonly targets: readonly Target[];
}

/** Some hours of a busy machine; half a megabyte at most. */
const mostKept = 1_000;

const nothing: Selection = { sandboxes: false, targets: [] };

/**
 * What happened, for all clients of one helper. While somebody wants to hear of it the counters are looked at;
 * while nobody does there is no timer, no watcher and no work.
 */
export class Timeline {
  readonly #host: SandboxHost;
  readonly #listeners = new Map<(event: TimelineEvent) => void, Selection>();
  readonly #kept: Entry[] = [];
  readonly #watching: Watching;
  #sequence = 0;

  constructor(host: SandboxHost) {
    this.#host = host;
    this.#watching = new Watching(host, (told) =>
      this.#add(told.of, told.concerns, told.happening, told.atMs, told.isNews),
    );
  }

  subscribe(listener: (event: TimelineEvent) => void): Subscription {
    this.#listeners.set(listener, nothing);
    return {
      set: (wanted) => {
        const gone = wanted.targets.filter((target) => !this.#isThere(target));
        const targets = wanted.targets.filter((target) => !gone.includes(target));
        this.#listeners.set(listener, this.#select({ ...wanted, targets }));
        this.#follow();
        return gone;
      },
      dispose: () => {
        this.#listeners.delete(listener);
        this.#follow();
      },
    };
  }

  /** What this helper itself did to one of them. */
  record(target: string, happening: Happening): void {
    const of = this.#find(target);
    this.#add(of, [of], happening, Date.now(), true);
  }

  /** What is kept of those, the oldest first. */
  history(wanted: Wanted, sinceMs: number): readonly TimelineEvent[] {
    const selection = this.#select(wanted);
    this.#watching.catchUp(selection.sandboxes, selection.targets);
    return this.#kept
      .filter((entry) => entry.event.atMs >= sinceMs && isSelected(entry, selection))
      .map(({ event }) => event)
      .sort((a, b) => a.atMs - b.atMs || a.sequence - b.sequence);
  }

  #select({ sandboxes, targets }: Wanted): Selection {
    return { sandboxes, targets: targets.map((target) => this.#find(target)) };
  }

  #isThere(target: string): boolean {
    try {
      this.#find(target);
      return true;
    } catch (error) {
      if (error instanceof TerrariumError) return false;
      throw error;
    }
  }

  #find(target: string): Target {
    const found = findCgroupTarget(this.#host, target);
    return { key: found.sandbox ?? target, ...found };
  }

  #follow(): void {
    const selections = [...this.#listeners.values()];
    this.#watching.set(
      selections.some(({ sandboxes }) => sandboxes),
      selections.flatMap(({ targets }) => targets),
    );
  }

  #add(
    { key, title, sandbox }: Target,
    concerned: readonly Target[],
    happening: Happening,
    atMs: number,
    isNews: boolean,
  ): void {
    if (this.#isTold(key, happening)) return;
    this.#sequence += 1;
    const event = { sequence: this.#sequence, atMs, target: key, title, ...happening };
    const concerns = new Set(concerned.map((one) => one.key));
    const entry: Entry = { event, concerns, ofSandbox: sandbox !== undefined };
    this.#kept.push(entry);
    if (this.#kept.length > mostKept) this.#kept.shift();
    if (!isNews) return;
    for (const [listener, selection] of this.#listeners) {
      if (isSelected(entry, selection)) listener(event);
    }
  }

  /** A limit that this helper changed is seen once more, in the sandbox's record. */
  #isTold(key: string, happening: Happening): boolean {
    if (happening.kind !== "limitChanged") return false;
    const last = this.#kept.findLast(
      ({ event }) =>
        event.target === key && event.kind === "limitChanged" && event.limit === happening.limit,
    )?.event;
    return last?.kind === "limitChanged" && isSameValue(last.to, happening.to);
  }
}

function isSelected({ concerns, ofSandbox }: Entry, { sandboxes, targets }: Selection): boolean {
  return (sandboxes && ofSandbox) || targets.some(({ key }) => concerns.has(key));
}
