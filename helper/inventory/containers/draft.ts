import type { Evidence, HostProcess } from "../../protocol/hostTables.ts";
import type { Link } from "./chains.ts";
import type { Claim, Engine } from "./engine.ts";

/** A container that was recognised, before it is known what it is in and what its engine's files say. */
export interface Draft {
  readonly claim: Claim;
  /** Undefined for those that are known by namespaces alone. */
  readonly engine: Engine | undefined;
  readonly topmost: HostProcess;
  /** Whose engine it is, where that is not root's. */
  readonly user: number | undefined;
  /** Where it is known by its cgroup. */
  readonly link?: Link | undefined;
  readonly monitor?: HostProcess | undefined;
  readonly evidence: readonly Evidence[];
}

/** Of several processes of a container that which the engine started: it is process 1 inside, and the oldest of such. */
export function topmostOf(
  members: readonly HostProcess[],
  isMember: (pid: number) => boolean,
): HostProcess | undefined {
  let best: HostProcess | undefined;
  for (const process of members) {
    if (!best || compare(process, best, isMember) < 0) best = process;
  }
  return best;
}

function compare(a: HostProcess, b: HostProcess, isMember: (pid: number) => boolean): number {
  return (
    Number(isInit(b)) - Number(isInit(a)) ||
    a.nestedPids.length - b.nestedPids.length ||
    Number(isMember(a.parentPid)) - Number(isMember(b.parentPid)) ||
    a.startTimeTicks - b.startTimeTicks ||
    a.pid - b.pid
  );
}

/** Process 1 of its pid namespace, which is not the helper's. */
export function isInit({ nestedPids }: HostProcess): boolean {
  return nestedPids.length > 1 && nestedPids.at(-1) === 1;
}
