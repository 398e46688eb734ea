import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import { makePassage, makePrivate } from "./privateDirectory.ts";

/** Where the registry lives: only what the kernel cannot tell. Gone with the next boot, as the sandboxes are. */
export interface StateDirectory {
  readonly root: string;
  /** One directory per sandbox, named by its id. */
  readonly sandboxes: string;
  /** One-shot sockets of `exec` and `enter` terminals. */
  readonly terminals: string;
  /** Limits that wait to be put back. */
  readonly reverts: string;
  readonly lockFile: string;
}

/** Makes (or finds) the state directory of this user and refuses one that somebody else could have prepared. */
export function openStateDirectory(runtime = runtimeDirectory()): StateDirectory {
  const root = join(runtime, "terrarium");
  const state: StateDirectory = {
    root,
    sandboxes: join(root, "sandboxes"),
    terminals: join(root, "terminals"),
    reverts: join(root, "reverts"),
    lockFile: join(root, "lock"),
  };
  for (const directory of [state.root, state.terminals]) makeReachable(directory);
  makePrivate(state.sandboxes);
  return state;
}

/** In root's there are sockets that belong to others: terminals of what was entered for them, the helper's own. */
function makeReachable(directory: string): void {
  if (process.geteuid?.() === 0) makePassage(directory);
  else makePrivate(directory);
}

function runtimeDirectory(): string {
  const uid = process.geteuid?.() ?? 0;
  if (uid === 0) return "/run";
  const perUser = `/run/user/${uid}`;
  if (isWritable(process.env["XDG_RUNTIME_DIR"])) return process.env["XDG_RUNTIME_DIR"] as string;
  if (isWritable(perUser)) return perUser;
  // No login session (su, cron, a container): a fixed name below /tmp, safe because makePrivate refuses
  // a directory that is not ours (CVE-2019-12439 is what happens without that check).
  const fallback = `/tmp/terrarium-${uid}`;
  makePrivate(fallback);
  return fallback;
}

function isWritable(directory: string | undefined): boolean {
  if (!directory?.startsWith("/")) return false;
  try {
    accessSync(directory, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
