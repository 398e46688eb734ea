/**
 * What work may cost on average, as a part of one core. Whoever did nothing for a while may work several times in a
 * row without waiting: a single change is told at once, a storm of them is not told each by itself.
 */
export class Budget {
  readonly #share: number;
  readonly #mostMs: number;
  #savedMs: number;
  #atMs = performance.now();

  /** `mostMs`: what can be saved up. */
  constructor(share: number, mostMs: number) {
    this.#share = share;
    this.#mostMs = mostMs;
    this.#savedMs = mostMs;
  }

  spend(ms: number): void {
    this.#save();
    this.#savedMs -= ms;
  }

  /** How long to rest before more work; 0 while something is left. */
  get restMs(): number {
    this.#save();
    return Math.max(0, -this.#savedMs / this.#share);
  }

  #save(): void {
    const nowMs = performance.now();
    const savedMs = this.#savedMs + (nowMs - this.#atMs) * this.#share;
    this.#savedMs = Math.min(this.#mostMs, savedMs);
    this.#atMs = nowMs;
  }
}
