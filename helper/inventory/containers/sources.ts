import { readOwnedFile } from "../../kernel/ownedFiles.ts";
import type { Evidence, HostProcess } from "../../protocol/hostTables.ts";
import { askSocket } from "./askSocket.ts";
import type { Draft } from "./draft.ts";
import type { Engine, EngineSocket, Found } from "./engine.ts";
import type { Host } from "./facts.ts";
import type { Learnt } from "./row.ts";

/** What an engine may be asked about a container: whose files, whose sockets, and what they said. */

/** Podman's list of all its containers is the longest of the files. */
const largestFile = 8 * 1024 * 1024;

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

export function readState(
  { readState: read }: Engine,
  found: Found,
  daemons: readonly HostProcess[],
) {
  const file = read?.(found, {
    daemons,
    read: (path, uid) => readOwnedFile(path, uid, largestFile),
  });
  if (!file) return undefined;
  const evidence: Evidence = { source: "state file", detail: file.path };
  return { ...file, evidence: [evidence] };
}

/** A machine has one daemon; its arguments may name some sockets. */
const mostSockets = 4;

export async function askAll(socket: EngineSocket, uid: number, daemons: readonly HostProcess[]) {
  const found = new Map<string, Learnt>();
  for (const path of socket.paths(daemons, uid).slice(0, mostSockets)) {
    const evidence: Evidence = { source: "engine's socket", detail: path };
    const answer = mayAsk(uid) ? await askSocket(path, uid, socket.request) : undefined;
    for (const [id, details] of socket.parse(answer)) {
      found.set(id, { ...details, evidence: [evidence] });
    }
  }
  return found;
}

/** Root's engine, and the helper's own user's: another user's is nothing to talk to. */
function mayAsk(uid: number): boolean {
  return uid === 0 || uid === process.geteuid?.();
}
