export interface PaceOptions {
  /** The least rest after it was done. */
  readonly restMs: number;
  /** The part of one core that it may take: what costs more is done less often. */
  readonly share: number;
}

/** The same for what was asked for, by an event. */
const urgentShare = 0.1;

/** Work that is done again and again while it runs, as often as its cost allows. */
export class Pace {
  readonly #work: () => Promise<void> | void;
  #options: PaceOptions;
  #timer: NodeJS.Timeout | undefined;
  #dueMs = Number.POSITIVE_INFINITY;
  /** Not before this, however urgent. */
  #restUntilMs = 0;
  #isRunning = false;
  #isWorking = false;
  #again = false;

  constructor(work: () => Promise<void> | void, options: PaceOptions) {
    this.#work = work;
    this.#options = options;
  }

  /** From the next rest on. */
  set options(options: PaceOptions) {
    this.#options = options;
  }

  /** The first time at once. */
  start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#schedule(0);
  }

  stop(): void {
    this.#isRunning = false;
    clearTimeout(this.#timer);
    this.#dueMs = Number.POSITIVE_INFINITY;
  }

  /** Once more, as soon as it may. What is under way may have looked already. */
  soon(): void {
    this.#again = this.#isWorking;
    if (this.#isRunning) this.#schedule(Math.max(0, this.#restUntilMs - performance.now()));
  }

  #schedule(delayMs: number): void {
    const dueMs = performance.now() + delayMs;
    if (this.#isWorking || dueMs >= this.#dueMs) return;
    clearTimeout(this.#timer);
    this.#dueMs = dueMs;
    this.#timer = setTimeout(() => void this.#run(), delayMs).unref();
  }

  async #run(): Promise<void> {
    this.#dueMs = Number.POSITIVE_INFINITY;
    this.#isWorking = true;
    this.#again = false;
    const before = process.cpuUsage();
    try {
      await this.#work();
    } catch {
      // The next time, the next try: the reader is told nothing rather than something wrong.
    }
    const { user, system } = process.cpuUsage(before);
    this.#rest((user + system) / 1_000);
  }

  #rest(costMs: number): void {
    this.#isWorking = false;
    this.#restUntilMs = performance.now() + costMs / urgentShare;
    if (!this.#isRunning) return;
    const { restMs, share } = this.#options;
    this.#schedule(this.#again ? costMs / urgentShare : Math.max(restMs, costMs / share));
  }
}
