import type { HostProcess } from "../../protocol/hostTables.ts";
import type { Steps } from "../turns.ts";
import { draftsByCgroup, innermost, type LinkOf } from "./byCgroup.ts";
import { draftsByMonitor } from "./byMonitor.ts";
import { draftByNamespaces } from "./byNamespace.ts";
import { draftsByRegistry } from "./byRegistry.ts";
import { draftsByState } from "./byState.ts";
import type { Link } from "./chains.ts";
import type { Draft } from "./draft.ts";
import type { Host } from "./facts.ts";
import type { MonitorWords } from "./monitors.ts";
import { type Leaders, leadersOf, Nesting } from "./nesting.ts";
import type { EngineStates } from "./states.ts";

/** What recognition may ask of the machine beside the facts: each is read once in a container's life. */
export interface Traces {
  readonly linkAt: (hierarchy: string, path: string) => Link | undefined;
  readonly words: MonitorWords;
  readonly states: EngineStates;
}

export interface Recognised {
  /** Those around before those inside. */
  readonly drafts: readonly Draft[];
  readonly nesting: Nesting;
}

/**
 * Every container of the host: first what says which engine's it is (the registry, cgroups, the process above, a
 * directory of state), the strongest first, then by namespaces what nothing else has told of.
 */
export function* recognise(host: Host, { linkAt, words, states }: Traces): Steps<Recognised> {
  const linkOf = linkReader(host, linkAt);
  const leaders = leadersOf(host);
  yield;
  const byCgroup = new Map(draftsByCgroup(host, linkOf));
  yield;
  const ours = draftsByRegistry(host, byCgroup, leaders);
  for (const draft of ours) if (draft.link) byCgroup.set(draft.link.key, draft);
  yield;
  const named = unite(byCgroup.values(), ours, draftsByMonitor(host, linkOf, byCgroup, words));
  const stated = draftsByState(host, readStates(host, leaders, named, states), named);
  yield;
  const nesting = new Nesting(
    host,
    leaders,
    (process) => innermost(linkOf(process), byCgroup),
    ({ link }) => innermost(link?.outer, byCgroup),
  );
  const drafts = unite(named.values(), stated);
  for (const draft of drafts.values()) nesting.add(draft);
  yield* addByNamespaces(host, leaders, drafts, nesting);
  return { drafts: [...drafts.values()], nesting };
}

/**
 * The first hierarchy in which a process is in a container's cgroup. Those in the same cgroups share one object of
 * paths, as a rule: a dozen hierarchies are asked once for all of them.
 */
function linkReader(host: Host, linkAt: Traces["linkAt"]): LinkOf {
  const known = new Map<HostProcess["cgroups"], Link | undefined>();
  return ({ cgroups }) => {
    if (known.has(cgroups)) return known.get(cgroups);
    const link = firstLink(host, cgroups, linkAt);
    known.set(cgroups, link);
    return link;
  };
}

function firstLink(
  { facts }: Host,
  cgroups: HostProcess["cgroups"],
  linkAt: Traces["linkAt"],
): Link | undefined {
  for (const { id } of facts.hierarchies) {
    const path = cgroups[id];
    const link = path === undefined ? undefined : linkAt(id, path);
    if (link) return link;
  }
  return undefined;
}

/** One container for each topmost process: who comes first has it. */
function unite(...sources: readonly Iterable<Draft>[]): Map<HostProcess, Draft> {
  const drafts = new Map<HostProcess, Draft>();
  for (const source of sources) {
    for (const draft of source) {
      if (!drafts.has(draft.topmost)) drafts.set(draft.topmost, draft);
    }
  }
  return drafts;
}

/** Most users have none: those are asked whose processes lead pid namespaces that nothing has told of. */
const mostUsers = 32;

function readStates(
  host: Host,
  leaders: Leaders,
  named: ReadonlyMap<HostProcess, Draft>,
  states: EngineStates,
) {
  const users = new Set([0]);
  for (const leader of leaders.values()) {
    if (users.size > mostUsers) break;
    if (!named.has(leader) && host.foreign(leader, "user") !== undefined) users.add(leader.uid);
  }
  return states.read(users, ({ pid, startTimeTicks }) => {
    const process = host.byPid.get(pid);
    return process !== undefined && (startTimeTicks ?? 0) === process.startTimeTicks;
  });
}

/** From the outside to the inside, so that each is looked at in what is around it. */
function* addByNamespaces(
  host: Host,
  leaders: Leaders,
  drafts: Map<HostProcess, Draft>,
  nesting: Nesting,
): Steps<void> {
  const unexplained = [...leaders.values()].filter((leader) => !drafts.has(leader));
  unexplained.sort((a, b) => a.nestedPids.length - b.nestedPids.length);
  for (const leader of unexplained) {
    const around = nesting.of(leader);
    const draft = draftByNamespaces(leader, around?.topmost, host);
    yield;
    if (!draft) continue;
    drafts.set(leader, draft);
    nesting.add(draft);
  }
}
