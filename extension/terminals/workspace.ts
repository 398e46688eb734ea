import { relative } from "node:path";

export interface WorkspaceChoice {
  /** The folder that is mounted read-write; absent when none may be. */
  readonly folder?: string;
  /** Why there is none, for the terminal's first line. */
  readonly reason?: string;
}

/**
 * The folder for a new sandbox: the one of the active file, else the first. A folder that holds the
 * home directory is not shared: keys, history and start-up files would be in the sandbox's hands.
 */
export function chooseWorkspace(
  folders: readonly string[],
  active: string | undefined,
  home: string,
): WorkspaceChoice {
  const folder = active ?? folders[0];
  if (folder === undefined) return { reason: "no folder is open" };
  if (!contains(folder, home)) return { folder };
  return {
    reason:
      folder === home
        ? "the open folder is your home directory"
        : "the open folder contains your home directory",
  };
}

function contains(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way === "" || !(way === ".." || way.startsWith("../"));
}
