import type { HostProcess } from "../../protocol/hostTables.ts";
import { innermost, type LinkOf } from "./byCgroup.ts";
import { type Draft, topmostOf } from "./draft.ts";
import type { Claim } from "./engine.ts";
import { engines } from "./engines.ts";
import type { Host } from "./facts.ts";
import { claimOf, isMonitor, type MonitorWords } from "./monitors.ts";

interface Watched {
  readonly claim: Claim;
  readonly monitor: HostProcess;
  readonly children: HostProcess[];
}

/**
 * Containers that only the process above them tells of: a child of something that is called as a monitor, in
 * another mount namespace than that one, and in no other container by its cgroup than that one is.
 */
export function draftsByMonitor(
  host: Host,
  linkOf: LinkOf,
  byCgroup: ReadonlyMap<string, Draft>,
  words: MonitorWords,
): readonly Draft[] {
  const known = new Set([...byCgroup.values()].map(({ topmost }) => topmost));
  const watched = new Map<string, Watched>();
  for (const child of host.living) {
    const monitor = host.parentOf(child);
    if (!monitor || !isMonitor(monitor) || known.has(child) || !isApart(child, monitor)) continue;
    if (innermost(linkOf(child), byCgroup) !== innermost(linkOf(monitor), byCgroup)) continue;
    const claim = claimOf(monitor, words.of(monitor), child);
    if (!claim) continue;
    const key = `${claim.engine}:${claim.id}@${monitor.uid}#${monitor.namespaces.pid}`;
    const group = watched.get(key);
    if (group) group.children.push(child);
    else watched.set(key, { claim, monitor, children: [child] });
  }
  return [...watched.values()].flatMap((group) => drafted(group, host) ?? []);
}

function isApart(child: HostProcess, monitor: HostProcess): boolean {
  const [inside, outside] = [child.namespaces.mnt, monitor.namespaces.mnt];
  return inside !== undefined && outside !== undefined && inside !== outside;
}

function drafted({ claim, monitor, children }: Watched, host: Host): Draft | undefined {
  const topmost = topmostOf(children, () => false);
  if (!topmost) return undefined;
  const isUsers = monitor.uid !== 0 && host.isOnHost(monitor, ["pid"]);
  return {
    claim,
    engine: engines.find(({ name }) => name === claim.engine),
    topmost,
    user: isUsers ? monitor.uid : undefined,
    monitor,
    evidence: [],
  };
}
