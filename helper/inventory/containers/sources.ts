import type { HostProcess } from "../../protocol/hostTables.ts";
import type { Draft } from "./draft.ts";
import type { Host } from "./facts.ts";

/** Who may be believed about a container: whose files, which daemons. */

/**
 * Whose files tell of a container: its engine's owner's. Root's engine must be seen to be the host's own, for in a
 * container, too, there is a uid 0, and paths that it names mean something else out here.
 */
export function readableFor({ user, monitor }: Draft, host: Host): number | undefined {
  const uid = user ?? 0;
  if (!monitor) return uid;
  if (monitor.uid !== uid) return undefined;
  return host.isOnHost(monitor, uid === 0 ? ["pid", "mnt", "user"] : ["pid"]) ? uid : undefined;
}

/** Programs whose arguments tell where an engine has its files. */
const daemons: ReadonlySet<string> = new Set(["dockerd"]);

export function isDaemon(process: HostProcess, host: Host): boolean {
  const isRoots = daemons.has(process.command) && process.uid === 0;
  return isRoots && host.isOnHost(process, ["pid", "mnt", "user"]);
}
