/** Who has ended is looked at again after so long, and then after twice as long. */
const firstMs = 25;
/** Then the next look at everything finds that it is gone: some are never waited for. */
const lastMs = 3_200;

/** The kernel tells that a process has ended, and not that its parent has waited for it and that it is gone. */
export class Zombies {
  readonly #look: (pids: Iterable<number>) => void;
  readonly #pids = new Set<number>();
  #delayMs = firstMs;
  #timer: NodeJS.Timeout | undefined;

  constructor(look: (pids: Iterable<number>) => void) {
    this.#look = look;
  }

  /** These were looked at. */
  see(pids: Iterable<number>, isZombie: (pid: number) => boolean): void {
    for (const pid of pids) {
      if (!isZombie(pid)) this.#pids.delete(pid);
      else if (!this.#pids.has(pid)) {
        this.#pids.add(pid);
        this.#delayMs = firstMs;
      }
    }
    if (this.#pids.size > 0) this.#timer ??= setTimeout(() => this.#again(), this.#delayMs).unref();
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#pids.clear();
  }

  #again(): void {
    this.#timer = undefined;
    this.#delayMs *= 2;
    if (this.#delayMs > lastMs) this.#pids.clear();
    else this.#look(this.#pids);
  }
}
