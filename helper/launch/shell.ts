import { lstatSync } from "node:fs";
import { join } from "node:path";

/** The first that is there is started where nobody says which; then those that a person may choose. */
const shells = [
  ...["/bin/bash", "/bin/sh", "/bin/busybox"],
  ...["/bin/zsh", "/usr/bin/fish", "/bin/ash", "/bin/dash"],
];

/**
 * The shell to start when no command was given: the user's own where it exists below `root`, then bash,
 * then sh. Only looked at, never followed: `root` may be somebody else's tree.
 */
export function chooseShell(root: string, preferred: string | undefined): string {
  return findShells(preferred, (path) => isThere(join(root, path)))[0] ?? "/bin/sh";
}

/** All that are there, the one to start first, by whoever knows which files are. */
export function findShells(
  preferred: string | undefined,
  exists: (path: string) => boolean,
): readonly string[] {
  const candidates = preferred?.startsWith("/") ? [preferred, ...shells] : shells;
  return [...new Set(candidates)].filter(exists);
}

/** A shell as a command: busybox is asked for one of its many programs. */
export function shellCommand(shell: string): readonly string[] {
  return shell.endsWith("/busybox") ? [shell, "sh"] : [shell];
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
