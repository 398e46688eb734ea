import { lstatSync } from "node:fs";
import { join } from "node:path";

const shells = ["/bin/bash", "/bin/sh", "/bin/busybox"] as const;

/**
 * The shell to start when no command was given: the user's own where it exists below `root`, then bash,
 * then sh. Only looked at, never followed: `root` may be somebody else's tree.
 */
export function chooseShell(root: string, preferred: string | undefined): string {
  return findShell(preferred, (path) => isThere(join(root, path)));
}

/** The same, by whoever knows which files are there. */
export function findShell(
  preferred: string | undefined,
  exists: (path: string) => boolean,
): string {
  const candidates = preferred?.startsWith("/") ? [preferred, ...shells] : shells;
  return candidates.find(exists) ?? "/bin/sh";
}

/** A shell as a command: busybox is asked for one of its many programs. */
export function shellCommand(shell: string): readonly string[] {
  return shell.endsWith("/busybox") ? [shell, "sh"] : [shell];
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
