import type { HostProcess } from "../../protocol/hostTables.ts";
import type { Link } from "./chains.ts";
import { type Draft, topmostOf } from "./draft.ts";
import type { Host } from "./facts.ts";
import { isMonitor } from "./monitors.ts";

/** The container that a cgroup path leads to; undefined: none. */
export type LinkOf = (process: HostProcess) => Link | undefined;

interface Group {
  readonly link: Link;
  readonly members: HostProcess[];
}

/** Containers whose cgroups say what they are, by the keys of their links. */
export function draftsByCgroup(host: Host, linkOf: LinkOf): ReadonlyMap<string, Draft> {
  const drafts = new Map<string, Draft>();
  for (const { link, members } of groups(host, linkOf)) {
    const outer = innermost(link.outer, drafts);
    const inside = members.filter((member) => isIsolated(member, link, outer, host));
    const pids = new Set(inside.map(({ pid }) => pid));
    const topmost = topmostOf(inside, (pid) => pids.has(pid));
    if (!topmost) continue;
    drafts.set(link.key, {
      claim: link.claim,
      engine: link.engine,
      topmost,
      user: link.user,
      link,
      monitor: monitorOf(topmost, link, host, linkOf),
      evidence: [{ source: "cgroup path", detail: link.directory }],
    });
  }
  return drafts;
}

/** The nearest of a chain that is a container after all. */
export function innermost(
  link: Link | undefined,
  drafts: ReadonlyMap<string, Draft>,
): Draft | undefined {
  for (let at = link; at; at = at.outer) {
    const draft = drafts.get(at.key);
    if (draft) return draft;
  }
  return undefined;
}

/** By container, those around before those inside. */
function groups(host: Host, linkOf: LinkOf): readonly Group[] {
  const found = new Map<string, Group>();
  for (const process of host.living) {
    const link = linkOf(process);
    if (!link) continue;
    const group = found.get(link.key);
    if (group) group.members.push(process);
    else found.set(link.key, { link, members: [process] });
  }
  return [...found.values()].sort((a, b) => depth(a.link) - depth(b.link));
}

function depth(link: Link): number {
  return link.outer ? 1 + depth(link.outer) : 1;
}

/** Where a namespace may not be looked at, the cgroup's word has to do. */
function isIsolated(
  { namespaces }: HostProcess,
  { engine }: Link,
  outer: Draft | undefined,
  { facts }: Host,
): boolean {
  return (engine.isolates ?? []).every((type) => {
    const inode = namespaces[type];
    if (inode === undefined) return true;
    return outer ? inode !== outer.topmost.namespaces[type] : !facts.initial.has(inode);
  });
}

/** Its parent, where that is not in the container, and is called as one of the engines' monitors. */
function monitorOf(
  topmost: HostProcess,
  link: Link,
  host: Host,
  linkOf: LinkOf,
): HostProcess | undefined {
  const parent = host.parentOf(topmost);
  return parent && linkOf(parent)?.key !== link.key && isMonitor(parent) ? parent : undefined;
}
