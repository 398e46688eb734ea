import type { CgroupTarget } from "../limits/target.ts";
import { TerrariumError } from "../protocol/errors.ts";
import type { UsageRound, UsageSample } from "../protocol/usage.ts";
import { History } from "./history.ts";
import { Sampler } from "./sampler.ts";

/** A target that is not there is looked for again after this time. */
const searchMs = 2_000;
/** Very many targets are sampled less often: watching costs at most this part of one core. */
const largestShareOfCpu = 0.1;
/** Who watches more at once shows no history of each. */
const mostRemembered = 64;
/** Panels and views of one editor; a client that asks for more is wrong. */
const mostWatchers = 64;
const forgetMs = 60_000;

interface Watcher {
  readonly targets: readonly string[];
  readonly intervalMs: number;
  /** When to look for those that were missing. */
  readonly missing: Map<string, number>;
  timer: NodeJS.Timeout | undefined;
}

export interface UsageWatch {
  readonly watcher: string;
  readonly targets: readonly string[];
  readonly intervalMs: number;
}

/** The usage that one connection asks for: now, again and again, and what was seen before. */
export class UsageFeed {
  readonly #sampler: Sampler;
  readonly #notify: (round: UsageRound) => void;
  readonly #history = new History();
  readonly #watchers = new Map<string, Watcher>();
  #forgetting: NodeJS.Timeout | undefined;

  constructor(find: (target: string) => CgroupTarget, notify: (round: UsageRound) => void) {
    this.#sampler = new Sampler(find);
    this.#notify = notify;
  }

  /** Without `skipMissing` throws for the first target that is not there. */
  sample(targets: readonly string[], skipMissing: boolean): readonly UsageSample[] {
    this.#sampler.beginRound();
    return targets.flatMap((target) => {
      try {
        return this.#sampler.sample(target);
      } catch (error) {
        if (skipMissing && TerrariumError.is(error)) return [];
        throw error;
      }
    });
  }

  /** Throws invalidRequest. */
  watch({ watcher, targets, intervalMs }: UsageWatch): void {
    clearTimeout(this.#watchers.get(watcher)?.timer);
    this.#watchers.delete(watcher);
    if (targets.length === 0) return;
    if (this.#watchers.size >= mostWatchers) {
      throw new TerrariumError("invalidRequest", {
        reason: `${mostWatchers} watchers are the most.`,
      });
    }
    const watched = { targets, intervalMs, missing: new Map(), timer: undefined };
    this.#watchers.set(watcher, watched);
    this.#schedule(watcher, watched, 0);
    this.#forgetting ??= setInterval(() => this.#forget(), forgetMs).unref();
  }

  history(target: string): readonly UsageSample[] {
    return this.#history.of(target);
  }

  dispose(): void {
    for (const { timer } of this.#watchers.values()) clearTimeout(timer);
    this.#watchers.clear();
    clearInterval(this.#forgetting);
    this.#sampler.dispose();
  }

  #schedule(name: string, watcher: Watcher, delayMs: number): void {
    watcher.timer = setTimeout(() => this.#round(name, watcher), delayMs).unref();
  }

  #round(name: string, watcher: Watcher): void {
    const startedMs = performance.now();
    const started = process.cpuUsage();
    this.#sampler.beginRound();
    const samples = watcher.targets.flatMap((target) => this.#look(target, watcher, startedMs));
    if (watcher.targets.length <= mostRemembered) this.#history.add(samples);
    this.#notify({ watcher: name, samples, missing: [...watcher.missing.keys()] });
    // Not by the clock: on a busy machine a round takes long without costing more.
    const { user, system } = process.cpuUsage(started);
    const restMs = (user + system) / 1_000 / largestShareOfCpu;
    const tookMs = performance.now() - startedMs;
    this.#schedule(name, watcher, Math.max(watcher.intervalMs - tookMs, restMs));
  }

  /** One that cannot be read costs the others nothing. */
  #look(target: string, { missing }: Watcher, nowMs: number): readonly UsageSample[] {
    if ((missing.get(target) ?? 0) > nowMs) return [];
    try {
      const sample = this.#sampler.sample(target);
      missing.delete(target);
      return [sample];
    } catch {
      missing.set(target, nowMs + searchMs);
      return [];
    }
  }

  #forget(): void {
    this.#history.forget(performance.timeOrigin + performance.now());
  }
}
