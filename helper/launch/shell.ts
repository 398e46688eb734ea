import { lstatSync } from "node:fs";
import { join } from "node:path";

const shells = ["/bin/bash", "/bin/sh"] as const;

/**
 * The shell to start when no command was given: the user's own where it exists below `root`, then bash,
 * then sh. Only looked at, never followed: `root` may be somebody else's tree.
 */
export function chooseShell(root: string, preferred: string | undefined): string {
  const candidates = preferred ? [preferred, ...shells] : shells;
  return (
    candidates.find((path) => lstatSync(join(root, path), { throwIfNoEntry: false })) ?? "/bin/sh"
  );
}
