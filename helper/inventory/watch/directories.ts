import { type FSWatcher, type WatchEventType, watch } from "node:fs";

/** `file` came or went (`rename`), or was written (`change`), by whoever or by the kernel's own kernfs_notify. */
export type OnEntry = (directory: string, event: WatchEventType, file: string | null) => void;

/** Each is a watch of inotify, of which a user has some thousands at least (fs.inotify.max_user_watches). */
const mostWatches = 4_096;

/** Follows a set of directories by inotify. What cannot be watched is left to whoever looks from time to time. */
export class Directories {
  readonly #onEntry: OnEntry;
  readonly #watchers = new Map<string, FSWatcher>();

  constructor(onEntry: OnEntry) {
    this.#onEntry = onEntry;
  }

  /**
   * The whole set from now on; the first of them are watched. Answers those that were not before: what happened in
   * them until now nobody told.
   */
  set(directories: readonly string[]): readonly string[] {
    const wanted = new Set(directories.slice(0, mostWatches));
    for (const path of this.#watchers.keys()) if (!wanted.has(path)) this.#close(path);
    const opened = [...wanted].filter((path) => !this.#watchers.has(path));
    for (const path of opened) this.#open(path);
    return opened;
  }

  dispose(): void {
    this.set([]);
  }

  #open(path: string): void {
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
