import { existsSync, type FSWatcher, watch } from "node:fs";
import { readCgroupMounts } from "../kernel/cgroupfs.ts";
import { cgroupPlaces, sandboxesDirectory } from "../limits/places.ts";

export interface DirectoryWatch {
  /** Follows what appeared and what went since the last call. */
  refresh(): void;
  dispose(): void;
}

/**
 * Calls back when an entry appears or goes in one of `directories`, at the top of a cgroup hierarchy or
 * among the sandboxes' cgroups (inotify: kernfs reports what user space makes and removes).
 */
export function watchDirectories(
  directories: readonly string[],
  onEvent: () => void,
): DirectoryWatch {
  const watchers = new Map<string, FSWatcher>();
  const refresh = () => {
    const present = new Set(
      [...directories, ...cgroupDirectories()].filter((path) => existsSync(path)),
    );
    for (const [path, watcher] of watchers) {
      if (present.has(path)) continue;
      watcher.close();
      watchers.delete(path);
    }
    for (const path of present) {
      const watcher = watchers.has(path) ? undefined : open(path, onEvent);
      if (watcher) watchers.set(path, watcher);
    }
  };
  refresh();
  return {
    refresh,
    dispose() {
      for (const watcher of watchers.values()) watcher.close();
      watchers.clear();
    },
  };
}

function cgroupDirectories(): readonly string[] {
  const tops = readCgroupMounts().hierarchies.map(({ mountPoint }) => mountPoint);
  return [...tops, ...cgroupPlaces().map(sandboxesDirectory)];
}

/** Undefined when it cannot be watched (the user's inotify watches are used up): the timer still sees changes. */
function open(path: string, onEvent: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(path, { persistent: false }, onEvent);
    watcher.on("error", () => watcher.close());
    return watcher;
  } catch {
    return undefined;
  }
}
