import { existsSync, type FSWatcher, watch } from "node:fs";
import { join } from "node:path";
import { findFrozen } from "../limits/freezer.ts";
import { readLimit } from "../limits/read.ts";
import { limitTable } from "../limits/table.ts";
import type { CgroupTarget, PlacedCgroup } from "../limits/target.ts";
import type { Happening } from "../protocol/events.ts";
import type { LimitName } from "../protocol/limits.ts";
import { type Counters, notifyingFiles, readCounters } from "./counters.ts";
import { HoldOff, rise } from "./holdOff.ts";
import { Members } from "./members.ts";
import { cgroupPath } from "./paths.ts";
import { Throttling } from "./throttling.ts";

/** Whom events are about. */
export interface Target extends CgroupTarget {
  /** As events name it. */
  readonly key: string;
}

export interface Followed {
  readonly target: Target;
  /** It was not there before: all that its counters say is new. */
  readonly isNew: boolean;
  /** The log will say who was killed. */
  readonly hasLog: boolean;
}

/** What the counters of one target say between two looks. */
export class Follower {
  readonly target: Target;
  /** Of its memory, as the kernel's log has it; undefined where no memory controller serves it. */
  readonly memoryPath: string | undefined;
  readonly memory: PlacedCgroup | undefined;
  readonly members: Members;
  /** Kills that were counted since the last look, and times that its own limit was met. */
  kills = 0;
  limitHits = 0;
  readonly #throttling = new Throttling();
  readonly #memoryHigh = new HoldOff();
  readonly #forksRefused = new HoldOff();
  readonly #onChange: () => void;
  #watchers: readonly FSWatcher[] = [];
  #last: Counters = {};
  #frozen = false;
  #gone = false;

  constructor({ target, isNew, hasLog }: Followed, onChange: () => void) {
    this.target = target;
    this.memory = target.cgroups.find(({ hierarchy }) => hierarchy.controllers.includes("memory"));
    this.memoryPath = this.memory && cgroupPath(this.memory.hierarchy, this.memory.directory);
    this.members = new Members(target.cgroups, !hasLog);
    this.#onChange = onChange;
    this.#watch();
    if (isNew) {
      this.#last = { oomKills: 0, limitHits: 0 };
      this.#memoryHigh.begin(0);
      this.#forksRefused.begin(0);
    } else {
      this.#last = readCounters(target.cgroups);
      this.#frozen = this.#isFrozen();
    }
  }

  /** Reads the counters; answers what they tell by themselves. Who was killed the log has to say, too. */
  look(atMs: number): readonly Happening[] {
    this.#watch();
    // First, so that nobody who was killed is missed before the kill is counted.
    this.members.look();
    const counters = readCounters(this.target.cgroups);
    this.kills = since(this.#last.oomKills, counters.oomKills);
    this.limitHits = since(this.#last.limitHits, counters.limitHits);
    this.#last = { ...this.#last, ...present(counters) };
    return [
      ...this.#throttling.next(atMs, counters),
      ...this.#metLimits(atMs, counters),
      ...this.#freezing(),
      ...this.#going(),
    ];
  }

  limitBytes(): number | undefined {
    return this.#limit("memoryBytes");
  }

  dispose(): void {
    for (const watcher of this.#watchers) watcher.close();
  }

  #metLimits(atMs: number, counters: Counters): readonly Happening[] {
    const high = this.#memoryHigh.next(atMs, counters.memoryHigh);
    const refused = this.#forksRefused.next(atMs, counters.forksRefused);
    return [
      ...(high > 0 ? [this.#metHigh(high)] : []),
      ...(refused > 0 ? [this.#metPids(refused)] : []),
    ];
  }

  #metHigh(count: number): Happening {
    return { kind: "memoryHigh", count, limitBytes: this.#limit("memoryHighBytes") };
  }

  #metPids(count: number): Happening {
    return { kind: "pidsLimit", count, most: this.#limit("pidsMax") };
  }

  #freezing(): readonly Happening[] {
    const frozen = this.#isFrozen();
    if (frozen === this.#frozen) return [];
    this.#frozen = frozen;
    return [{ kind: frozen ? "paused" : "resumed" }];
  }

  /** Of a sandbox its record tells. */
  #going(): readonly Happening[] {
    const { kind, cgroups } = this.target;
    if (kind === "sandbox" || this.#gone) return [];
    this.#gone = !cgroups.some(({ directory }) => existsSync(directory));
    return this.#gone ? [{ kind: "exited" }] : [];
  }

  /** A sandbox that is being made has no files yet: tried until there are some. */
  #watch(): void {
    if (this.#watchers.length > 0) return;
    this.#watchers = watchNotifying(this.target.cgroups, this.#onChange);
  }

  #isFrozen(): boolean {
    const freezable = this.target.cgroups.filter(
      ({ hierarchy }) => hierarchy.version === 2 || hierarchy.controllers.includes("freezer"),
    );
    return findFrozen(freezable.map(({ directory }) => directory)) !== undefined;
  }

  #limit(name: LimitName): number | undefined {
    const row = limitTable.find(({ limit }) => limit === name);
    const value = row && readLimit(row, this.target.cgroups)?.value;
    return typeof value === "number" ? value : undefined;
  }
}

function since(before: number | undefined, now: number | undefined): number {
  return now === undefined ? 0 : rise(before ?? now, now);
}

/** What is gone, or cannot be read for a moment, keeps its last figure. */
function present(counters: Counters): Counters {
  return Object.fromEntries(Object.entries(counters).filter(([, value]) => value !== undefined));
}

/** None where the user's inotify watches are used up, or in version 1: the next look sees it all the same. */
function watchNotifying(cgroups: readonly PlacedCgroup[], onChange: () => void): FSWatcher[] {
  const unified = cgroups.filter(({ hierarchy }) => hierarchy.version === 2);
  const files = unified.flatMap(({ directory }) => notifyingFiles.map((f) => join(directory, f)));
  return files.flatMap((file) => {
    try {
      const watcher = watch(file, { persistent: false }, onChange);
      watcher.on("error", () => watcher.close());
      return [watcher];
    } catch {
      return [];
    }
  });
}
