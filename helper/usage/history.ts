import type { UsageSample } from "../protocol/usage.ts";

/** An hour at one sample a second. */
const longest = 3_600;
const spacingMs = 1_000;
/** Samples of all targets together, of half a kilobyte each: where many are watched, each gets fewer. */
const budget = 36_000;
/** Targets that are watched no more are remembered so long. */
const keptMs = 5 * 60_000;

interface Ring {
  /** As JSON: a third of the memory of the objects. Oldest first. */
  readonly texts: string[];
  lastMs: number;
}

/** What was seen of each target while somebody watched. */
export class History {
  readonly #rings = new Map<string, Ring>();

  /** One a second is kept, however often it is looked. */
  add(samples: readonly UsageSample[]): void {
    for (const sample of samples) this.#add(sample);
  }

  /** Oldest first; empty where nobody watched lately. */
  of(target: string): readonly UsageSample[] {
    return (this.#rings.get(target)?.texts ?? []).map((text) => JSON.parse(text));
  }

  /** Forgets what was not seen for minutes. */
  forget(nowMs: number): void {
    for (const [target, { lastMs }] of this.#rings) {
      if (nowMs - lastMs > keptMs) this.#rings.delete(target);
    }
  }

  #add(sample: UsageSample): void {
    const ring = this.#rings.get(sample.target) ?? { texts: [], lastMs: Number.NEGATIVE_INFINITY };
    // A timer may come a little early.
    if (sample.atMs - ring.lastMs < spacingMs * 0.9) return;
    this.#rings.set(sample.target, ring);
    ring.lastMs = sample.atMs;
    ring.texts.push(JSON.stringify(sample));
    const room = Math.min(longest, Math.ceil(budget / this.#rings.size));
    if (ring.texts.length > room) ring.texts.splice(0, ring.texts.length - room);
  }
}
