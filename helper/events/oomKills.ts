import type { OomKill } from "../protocol/events.ts";
import { printable } from "../protocol/printable.ts";
import type { Follower } from "./follower.ts";
import type { LoggedKill } from "./oomLog.ts";
import type { Contains } from "./paths.ts";

/** An OOM kill, whose it is, and who else may want to hear of it. */
export interface ToldKill {
  readonly atMs: number;
  readonly happening: OomKill;
  readonly owner: Follower;
  readonly concerns: readonly Follower[];
}

/**
 * One OOM is told once, where the limit is: not for each cgroup above the process (the counters of version 2
 * rise in all of them). Where nobody follows the cgroup whose limit it was, it is told where the process was.
 */
export function attributeLogged(
  kill: LoggedKill,
  followers: readonly Follower[],
  contains: Contains,
): ToldKill | undefined {
  const limited = containing(followers, kill.limitPath, contains);
  const around = containing(followers, kill.processPath, contains);
  const holding = followers.filter(({ members }) => members.has(kill.killed.pid));
  const [owner] = [...limited, ...around, ...(kill.processPath === undefined ? holding : [])];
  if (!owner) return undefined;
  const concerns = [...new Set([owner, ...limited, ...around])];
  return { atMs: kill.atMs, owner, concerns, happening: describe(kill, owner, concerns) };
}

/** The followers of a cgroup and of those above it, the nearest first. */
function containing(
  followers: readonly Follower[],
  path: string | undefined,
  contains: Contains,
): readonly Follower[] {
  if (path === undefined) return [];
  return followers
    .filter(({ memoryPath }) => memoryPath !== undefined && contains(memoryPath, path))
    .sort((a, b) => (b.memoryPath?.length ?? 0) - (a.memoryPath?.length ?? 0));
}

function describe(kill: LoggedKill, owner: Follower, concerns: readonly Follower[]): OomKill {
  const inner = (pid: number | undefined) =>
    concerns.map(({ members }) => members.innerPid(pid)).find((found) => found !== undefined);
  const { killed, biggest, limitPath, limitBytes } = kill;
  const own = isAt(limitPath, owner) ? owner.memory : undefined;
  return {
    kind: "oomKill",
    killed: [{ ...killed, innerPid: inner(killed.pid) }],
    count: 1,
    biggest: biggest && { ...biggest, innerPid: inner(biggest.pid) },
    exhausted: own ? "own" : exhaustedElsewhere(kill),
    limitOf: own ? printable(own.directory) : limitPath && printable(limitPath),
    limitBytes,
    source: "kernelLog",
  };
}

/** The follower's own cgroup, as far as its path can be seen from here. */
export function isAt(path: string | undefined, { memoryPath }: Follower): boolean {
  return memoryPath !== undefined && `${path}/`.endsWith(`${memoryPath}/`);
}

function exhaustedElsewhere({ limitPath, processPath }: LoggedKill): OomKill["exhausted"] {
  if (limitPath !== undefined) return "other";
  return processPath === undefined ? "unknown" : "machine";
}

/**
 * Kills that were counted and of which no log tells. In version 2 all cgroups above count them too: the nearest
 * to the process is asked, and told where the limit is if that is followed.
 */
export function attributeCounted(
  atMs: number,
  followers: readonly Follower[],
  untold: ReadonlyMap<Follower, number>,
  contains: Contains,
): readonly ToldKill[] {
  const nearest = [...untold.keys()].filter(
    (one) => ![...untold.keys()].some((other) => other !== one && isBelow(other, one, contains)),
  );
  return nearest.map((inside) => {
    const chain = containing(followers, inside.memoryPath, contains);
    const owner = chain.find(({ limitHits }) => limitHits > 0) ?? inside;
    const count = untold.get(inside) ?? 0;
    return {
      atMs,
      owner,
      concerns: [inside, ...chain],
      happening: describeCounted(inside, owner, count),
    };
  });
}

function isBelow(one: Follower, other: Follower, contains: Contains): boolean {
  if (one.memoryPath === undefined || other.memoryPath === undefined) return false;
  return (
    one.memoryPath.length > other.memoryPath.length && contains(other.memoryPath, one.memoryPath)
  );
}

/** More are not named. */
const mostNamed = 8;

/**
 * A sandbox may let its processes be killed a thousand times a second: of what one look finds the first are told by
 * themselves, the others as one event. Those who hear of them are the same.
 */
export function together<K extends Pick<ToldKill, "happening"> & Concerned>(
  kills: readonly K[],
): readonly K[] {
  const keyOf = ({ concerns }: Concerned) => concerns.map(({ target }) => target.key).join("\n");
  const keys = [...new Set(kills.map(keyOf))];
  return keys.flatMap((key) => {
    const same = kills.filter((kill) => keyOf(kill) === key);
    const [first, ...others] = same.slice(mostNamed);
    const named = same.slice(0, mostNamed);
    return first ? [...named, { ...first, happening: sumOf([first, ...others]) }] : named;
  });
}

interface Concerned {
  readonly concerns: readonly { readonly target: { readonly key: string } }[];
}

function sumOf(kills: readonly [Pick<ToldKill, "happening">, ...Pick<ToldKill, "happening">[]]) {
  const [{ happening }] = kills;
  return {
    ...happening,
    killed: kills.flatMap((kill) => kill.happening.killed).slice(0, mostNamed),
    count: kills.reduce((sum, kill) => sum + kill.happening.count, 0),
  };
}

function describeCounted(inside: Follower, owner: Follower, count: number): OomKill {
  const killed = inside.members.vanished().slice(0, Math.min(count, mostNamed));
  const isLimited = owner.limitHits > 0 && owner.memory !== undefined;
  return {
    kind: "oomKill",
    killed,
    count,
    exhausted: isLimited ? "own" : "unknown",
    limitOf: isLimited ? printable(owner.memory.directory) : undefined,
    limitBytes: isLimited ? owner.limitBytes() : undefined,
    source: killed.length > 0 ? "processes" : "counter",
  };
}
