import { createHash } from "node:crypto";
import type { Topic } from "../protocol/schemas.ts";
import { watchDirectories } from "./directories.ts";

export interface WatchOptions<Report> {
  readonly topics: readonly Topic[];
  /** The whole report of a topic. What it throws is a report that could not be made this time. */
  read(topic: Topic): Report | Promise<Report>;
  /** Called with the first report of a topic and with each that differs from the last. */
  onChange(topic: Topic, report: Report): void;
  /** Directories whose changes should show at once (the registry's), besides those of cgroups. */
  readonly directories?: readonly string[] | undefined;
}

export interface InventoryWatch {
  /** The whole set of topics from now on; none stops all work. */
  set(topics: readonly Topic[]): void;
  dispose(): void;
}

/** Namespaces send no events: this is how long one can go unseen. */
const reconcileMs = 1_000;
/** A sandbox makes a dozen directories within a millisecond or two; one report shows them all. */
const debounceMs = 40;
/** A scan of very many processes is repeated less often: watching costs at most this part of one core. */
const largestShareOfCpu = 0.1;

/**
 * Keeps clients up to date while somebody watches: directory events give quick reactions, a slow timer
 * catches the rest. Without topics there is no timer, no watcher and no work.
 */
export function watchInventory<Report>(options: WatchOptions<Report>): InventoryWatch {
  const watch = new Watch(options);
  watch.set(options.topics);
  return watch;
}

class Watch<Report> implements InventoryWatch {
  readonly #options: WatchOptions<Report>;
  /** What was sent last, by topic. */
  readonly #sent = new Map<Topic, string>();
  #topics: ReadonlySet<Topic> = new Set();
  #directories: ReturnType<typeof watchDirectories> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #running = false;
  #again = false;

  constructor(options: WatchOptions<Report>) {
    this.#options = options;
  }

  set(topics: readonly Topic[]): void {
    this.#topics = new Set(topics);
    for (const topic of this.#sent.keys()) if (!this.#topics.has(topic)) this.#sent.delete(topic);
    if (this.#topics.size === 0) {
      this.#stop();
      return;
    }
    this.#directories ??= watchDirectories(this.#options.directories ?? [], () =>
      this.#soon(debounceMs),
    );
    this.#soon(0);
  }

  dispose(): void {
    this.set([]);
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#directories?.dispose();
    this.#directories = undefined;
  }

  /** One pass at a time; what happens during a pass is seen by another one right after it. */
  #soon(delayMs: number): void {
    if (this.#running) {
      this.#again = true;
      return;
    }
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#pass(), delayMs).unref();
  }

  async #pass(): Promise<void> {
    this.#running = true;
    this.#again = false;
    const startedMs = performance.now();
    for (const topic of this.#topics) await this.#report(topic);
    this.#running = false;
    if (this.#topics.size === 0) return;
    this.#directories?.refresh();
    const durationMs = performance.now() - startedMs;
    const restMs = durationMs / largestShareOfCpu;
    this.#soon(this.#again ? Math.max(debounceMs, restMs) : Math.max(reconcileMs, restMs));
  }

  async #report(topic: Topic): Promise<void> {
    try {
      const report = await this.#options.read(topic);
      const digest = createHash("sha256").update(JSON.stringify(report)).digest("base64");
      if (!this.#topics.has(topic) || this.#sent.get(topic) === digest) return;
      this.#sent.set(topic, digest);
      this.#options.onChange(topic, report);
    } catch {
      // Next pass, next try: the reader of the report is told nothing rather than something wrong.
    }
  }
}
