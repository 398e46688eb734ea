import type { HostProcess } from "../../protocol/hostTables.ts";
import type { NamespaceType } from "../../protocol/namespaces.ts";
import type { Draft } from "./draft.ts";
import { engines } from "./engines.ts";
import type { Host } from "./facts.ts";

/**
 * An engine that nobody knows: something in own pid, mount **and** network namespaces. Services of systemd have
 * their own mounts (PrivateTmp=) or network (PrivateNetwork=), and none of them all three.
 */
const isolating = ["pid", "mnt", "net"] as const satisfies readonly NamespaceType[];

/**
 * What the first process of a pid namespace is, of which nothing else tells; undefined: no container. `around` is
 * the topmost process of the container that it is in.
 */
export function draftByNamespaces(
  leader: HostProcess,
  around: HostProcess | undefined,
  host: Host,
): Draft | undefined {
  const user = userOf(leader, host);
  for (const engine of engines) {
    const claim = engine.leads?.(leader);
    const evidence = [{ source: "command line", detail: leader.commandLine }] as const;
    if (claim) return { claim, engine, topmost: leader, user, evidence };
  }
  const isIsolated = isolating.every((type) => isOwnOf(leader, around, type, host));
  if (!isIsolated || host.isOwn(leader)) return undefined;
  const id = `${leader.pid}:${leader.startTimeTicks}`;
  const claim = { engine: "unknown", id, name: leader.command } as const;
  return { claim, engine: undefined, topmost: leader, user, evidence: [] };
}

/** Whether its namespace is neither the host's nor that of the container around it. */
export function isOwnOf(
  process: HostProcess,
  around: HostProcess | undefined,
  type: NamespaceType,
  host: Host,
): boolean {
  const inode = host.foreign(process, type);
  return inode !== undefined && inode !== around?.namespaces[type];
}

/** Who started it, of those outside of every container. */
function userOf(leader: HostProcess, host: Host): number | undefined {
  const parent = host.parentOf(leader);
  if (!parent || parent.uid === 0 || !host.isOnHost(parent, ["pid"])) return undefined;
  return parent.uid;
}
