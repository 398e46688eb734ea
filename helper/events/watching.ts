import { type FSWatcher, watch } from "node:fs";
import { cgroupPlaces, sandboxDirectory } from "../limits/places.ts";
import type { Happening } from "../protocol/events.ts";
import type { SandboxHost } from "../sandboxes/host.ts";
import { isSandboxId, type SandboxRecord } from "../sandboxes/record.ts";
import { Follower, type Target } from "./follower.ts";
import { KillLog } from "./killLog.ts";
import { Life } from "./life.ts";
import type { ToldKill } from "./oomKills.ts";

export interface Told {
  readonly of: Target;
  readonly concerns: readonly Target[];
  readonly happening: Happening;
  readonly atMs: number;
  /** It happened while somebody listened; the rest the kernel's log still knew. */
  readonly isNews: boolean;
}

/**
 * How long something can go unseen where the kernel tells of nothing: version 1, throttling, the ends of
 * sandboxes. An eventfd (cgroup.event_control) would tell of version 1's OOMs at once, but not of who died,
 * and Node cannot wait for one; a look costs 0.1 ms a sandbox.
 */
const lookMs = 1_000;
/** What belongs together comes within this. */
const soonMs = 30;
/** Looking costs at most this part of a core. */
const largestShareOfCpu = 0.1;
/** The log's last words on a sandbox may come when it has ended. */
const lingerMs = 5_000;

/** Looks at the followed from time to time, while there are any. */
export class Watching {
  readonly #host: SandboxHost;
  readonly #tell: (told: Told) => void;
  readonly #followers = new Map<string, Follower>();
  readonly #goneAtMs = new Map<string, number>();
  #killLog: KillLog | undefined;
  #all = false;
  #targets: readonly Target[] = [];
  #life: Life | undefined;
  /** Ids that a directory was made for while we looked, or that have one from before. */
  #ids = new Set<string>();
  /** Of them those that nobody has looked at yet: it may be over by then. */
  #appeared = new Set<string>();
  #directory: FSWatcher | undefined;
  #timer: NodeJS.Timeout | undefined;
  #dueMs = Number.POSITIVE_INFINITY;
  /** Until then no look, however often the kernel says that something changed: a sandbox can make it say so. */
  #restUntilMs = 0;

  constructor(host: SandboxHost, tell: (told: Told) => void) {
    this.#host = host;
    this.#tell = tell;
  }

  /** The whole set from now on: all sandboxes, and these. */
  set(all: boolean, targets: readonly Target[]): void {
    this.#all = all;
    this.#targets = targets;
    if (all || targets.length > 0) this.#go();
    else this.#stop();
  }

  /** Tells what the kernel's log still knows of these. */
  catchUp(all: boolean, targets: readonly Target[]): void {
    const records = all ? this.#host.registry.records().map(targetOf) : [];
    const unknown = [...records, ...targets].filter(({ key }) => !this.#followers.has(key));
    const followers = unknown.map((target) => this.#makeFollower(target, false));
    this.#tellOld([...this.#followers.values(), ...followers]);
    for (const follower of followers) follower.dispose();
  }

  /** Opened when it is first needed, then kept: it goes on where it was. */
  get #kills(): KillLog {
    this.#killLog ??= new KillLog();
    return this.#killLog;
  }

  #go(): void {
    this.#life ??= this.#begin();
    this.#follow(false);
    this.#drop(({ key }) => !this.#isWanted(key));
    this.#tellOld([...this.#followers.values()]);
  }

  #begin(): Life {
    const { registry } = this.#host;
    this.#ids = new Set(registry.records().map(({ id }) => id));
    const { sandboxes } = registry.state;
    this.#directory = watch(sandboxes, { persistent: false }, (_, name) => this.#notice(name));
    this.#directory.on("error", () => this.#directory?.close());
    this.#schedule(lookMs);
    return new Life(registry);
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#dueMs = Number.POSITIVE_INFINITY;
    this.#directory?.close();
    this.#life = undefined;
    this.#drop(() => true);
  }

  #notice(name: string | null): void {
    if (name !== null && isSandboxId(name) && !this.#ids.has(name)) this.#appeared.add(name);
    if (name !== null) this.#ids.add(name);
    this.#soon();
  }

  readonly #soon = (): void =>
    this.#schedule(Math.max(soonMs, this.#restUntilMs - performance.now()));

  /** Whichever is due first. */
  #schedule(delayMs: number): void {
    const dueMs = performance.now() + delayMs;
    if (dueMs >= this.#dueMs) return;
    clearTimeout(this.#timer);
    this.#dueMs = dueMs;
    this.#timer = setTimeout(() => this.#look(), delayMs).unref();
  }

  #look(): void {
    const startedMs = performance.now();
    this.#lookAt(Date.now());
    const restMs = (performance.now() - startedMs) / largestShareOfCpu;
    this.#dueMs = Number.POSITIVE_INFINITY;
    this.#restUntilMs = performance.now() + restMs;
    this.#schedule(Math.max(lookMs, restMs));
  }

  /** In the order in which it must have happened: it begins, it dies of something, it has ended. */
  #lookAt(atMs: number): void {
    const happened = this.#life?.look(this.#appeared) ?? [];
    const news = (kind: Happening["kind"]) => {
      for (const { record, happening } of happened)
        if (happening.kind === kind) this.#tellOf(targetOf(record), happening, atMs);
    };
    this.#follow(true);
    news("started");
    news("limitChanged");
    const followers = [...this.#followers.values()];
    for (const follower of followers)
      for (const happening of follower.look(atMs)) this.#tellOf(follower.target, happening, atMs);
    for (const kill of this.#kills.look(atMs, followers)) this.#tellKill(kill, true);
    news("exited");
    this.#forgetGone(atMs);
  }

  #follow(isNew: boolean): void {
    const sandboxes = (this.#life?.alive ?? []).map(targetOf);
    const wanted = sandboxes.filter(({ key }) => this.#isWanted(key));
    for (const target of [...wanted, ...this.#takeAppeared(), ...this.#targets]) {
      if (this.#followers.has(target.key)) continue;
      this.#followers.set(target.key, this.#makeFollower(target, isNew));
    }
  }

  /** A sandbox may begin, run out of memory and end between two looks: the kernel's log still tells. */
  #takeAppeared(): readonly Target[] {
    const appeared = this.#all ? [...this.#appeared] : [];
    this.#appeared.clear();
    return appeared.map((id) => targetOf({ id, name: id }));
  }

  #makeFollower(target: Target, isNew: boolean): Follower {
    return new Follower({ target, isNew, hasLog: this.#kills.hasLog }, this.#soon);
  }

  #isWanted(key: string): boolean {
    const isSandbox = this.#life?.alive.some(({ id }) => id === key) ?? false;
    return (this.#all && isSandbox) || this.#targets.some((target) => target.key === key);
  }

  #forgetGone(atMs: number): void {
    for (const key of this.#followers.keys()) {
      if (this.#isWanted(key)) this.#goneAtMs.delete(key);
      else if (!this.#goneAtMs.has(key)) this.#goneAtMs.set(key, atMs);
    }
    this.#drop(({ key }) => atMs - (this.#goneAtMs.get(key) ?? atMs) > lingerMs);
  }

  #drop(isDropped: (target: Target) => boolean): void {
    for (const [key, follower] of this.#followers) {
      if (!isDropped(follower.target)) continue;
      follower.dispose();
      this.#followers.delete(key);
      this.#goneAtMs.delete(key);
    }
  }

  #tellOld(followers: readonly Follower[]): void {
    for (const kill of this.#kills.old(followers)) this.#tellKill(kill, false);
  }

  #tellKill({ atMs, owner, concerns, happening }: ToldKill, isNews: boolean): void {
    const concerned = concerns.map(({ target }) => target);
    this.#tell({ of: owner.target, concerns: concerned, happening, atMs, isNews });
  }

  #tellOf(of: Target, happening: Happening, atMs: number): void {
    this.#tell({ of, concerns: [of], happening, atMs, isNews: true });
  }
}

/** Where its cgroups are, or will be: while it is made they are not written down yet. */
function targetOf({ id, name }: Pick<SandboxRecord, "id" | "name">): Target {
  const cgroups = cgroupPlaces().map((place) => ({
    hierarchy: place.hierarchy,
    directory: sandboxDirectory(place, id),
  }));
  return { key: id, kind: "sandbox", title: name, sandbox: id, cgroups };
}
