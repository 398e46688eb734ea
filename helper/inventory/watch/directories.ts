import { type FSWatcher, type WatchEventType, watch } from "node:fs";
import { inSlices } from "../turns.ts";

/** `file` came or went (`rename`), or was written (`change`), by whoever or by the kernel's own kernfs_notify. */
export type OnEntry = (directory: string, event: WatchEventType, file: string | null) => void;

/** These are watched from now on: what happened in them until then nobody told. */
export type OnOpened = (directories: readonly string[]) => void;

/** Each is a watch of inotify, of which a user has some thousands at least (fs.inotify.max_user_watches). */
const mostWatches = 4_096;

/** Follows a set of directories by inotify. What cannot be watched is left to whoever looks from time to time. */
export class Directories {
  readonly #onEntry: OnEntry;
  readonly #onOpened: OnOpened;
  readonly #watchers = new Map<string, FSWatcher>();
  #wanted: ReadonlySet<string> = new Set();
  #isOpening = false;

  constructor(onEntry: OnEntry, onOpened: OnOpened) {
    this.#onEntry = onEntry;
    this.#onOpened = onOpened;
  }

  /** The whole set from now on; the first of them are watched, as soon as all that is to be done in between allows. */
  set(directories: readonly string[]): void {
    this.#wanted = new Set(directories.slice(0, mostWatches));
    for (const path of this.#watchers.keys()) if (!this.#wanted.has(path)) this.#close(path);
    if (!this.#isOpening) void this.#openAll();
  }

  dispose(): void {
    this.set([]);
  }

  /** Thousands of watches take a hundred milliseconds. */
  async #openAll(): Promise<void> {
    const missing = [...this.#wanted].filter((path) => !this.#watchers.has(path));
    if (missing.length === 0) return;
    const wanted = this.#wanted;
    this.#isOpening = true;
    await inSlices(missing, (path) => this.#open(path));
    this.#isOpening = false;
    const opened = missing.filter((path) => this.#watchers.has(path));
    if (opened.length > 0) this.#onOpened(opened);
    if (wanted !== this.#wanted) void this.#openAll();
  }

  #open(path: string): void {
    if (!this.#wanted.has(path)) return;
    try {
      const watcher = watch(path, { persistent: false }, (event, file) =>
        this.#onEntry(path, event, file),
      );
      watcher.on("error", () => this.#close(path));
      this.#watchers.set(path, watcher);
    } catch {
      // Gone meanwhile, or the user's watches are used up.
    }
  }

  #close(path: string): void {
    this.#watchers.get(path)?.close();
    this.#watchers.delete(path);
  }
}
