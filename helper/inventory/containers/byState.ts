import type { HostProcess } from "../../protocol/hostTables.ts";
import type { Draft } from "./draft.ts";
import type { Host } from "./facts.ts";
import type { Stated } from "./states.ts";

/**
 * Containers that only an engine's directory of state tells of. Docker, Podman and containerd have runc or crun
 * write such states, too: what is known as theirs stays theirs.
 */
export function draftsByState(
  host: Host,
  stated: readonly Stated[],
  known: { has(process: HostProcess): boolean },
): readonly Draft[] {
  return stated.flatMap(({ engine, claim, path, pid, startTimeTicks, uid }) => {
    const topmost = host.byPid.get(pid);
    if (!topmost || known.has(topmost) || !isOf(uid, topmost, host)) return [];
    if (startTimeTicks !== undefined && startTimeTicks !== topmost.startTimeTicks) return [];
    const evidence = [{ source: "state file", detail: path }] as const;
    return [{ claim, engine, topmost, user: uid === 0 ? undefined : uid, evidence }];
  });
}

/** A user's file may name any process; the user's own, in a user namespace, are all that it can speak of. */
function isOf(uid: number, process: HostProcess, host: Host): boolean {
  return uid === 0 || (process.uid === uid && host.foreign(process, "user") !== undefined);
}
