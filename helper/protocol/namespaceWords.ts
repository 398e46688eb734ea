import { containerTitle } from "./containerWords.ts";
import type { HostNamespace, HostProcess, NamespaceKeeper } from "./hostTables.ts";
import { membersByNamespace, namespaceKey, type TableSet } from "./tableIndexes.ts";
import { countOf, facts } from "./words.ts";

/** Whose a namespace is and what keeps it there, in the words that people use. */

export function membersOf(
  { type, inode }: HostNamespace,
  { processes }: Pick<TableSet, "processes">,
) {
  return membersByNamespace(processes).get(namespaceKey(type, inode)) ?? [];
}

/** The host, a container's name (with others in it or not), its topmost process, else what keeps it alive. */
export function whoseNamespace(
  namespace: HostNamespace,
  [topmost]: readonly HostProcess[],
  { containers }: Pick<TableSet, "containers">,
): string {
  if (namespace.isInitial) return "host";
  const container = containers.get(namespace.container ?? "");
  if (container) return containerTitle(container);
  // Whoever joined later, as by entering its network only, does not make it nobody's.
  const first = containers.get(topmost?.container ?? "");
  if (first) return `${containerTitle(first)} and others`;
  if (topmost) return `${topmost.command} (${topmost.pid})`;
  const [keeper] = namespace.keepers;
  return keeper ? keeperName(keeper) : "nobody";
}

/** `3 processes`, or what keeps it alive where there is none. */
export function populationWords(namespace: HostNamespace, members: number): string {
  if (members > 0) return countOf(members, "process");
  const [keeper] = namespace.keepers;
  return keeper
    ? `kept alive by ${keeperKinds[keeper.kind]}, no process`
    : "kept alive without a process";
}

const keeperKinds: Readonly<Record<NamespaceKeeper["kind"], string>> = {
  thread: "a thread",
  children: "a thread whose children will be in it",
  descriptor: "an open descriptor",
  socket: "a socket",
  mount: "a bind mount",
  namespace: "a namespace below it",
};

/** What it is that keeps it: one line of a card, and the name where there is no other. */
export function keeperName(keeper: NamespaceKeeper): string {
  switch (keeper.kind) {
    case "thread":
      return `thread ${keeper.threadId} of process ${keeper.pid}`;
    case "children":
      return `children to come of thread ${keeper.threadId} of process ${keeper.pid}`;
    case "socket":
      return `socket ${keeper.descriptor} of process ${keeper.pid}`;
    case "descriptor":
      return `descriptor ${keeper.descriptor} of process ${keeper.pid}`;
    case "mount":
      return keeper.path;
    case "namespace":
      return `${keeper.type} namespace ${keeper.inode}`;
  }
}

/** `thread 813 of process 812 · /run/netns/lab · and 3 more`. */
export function keeperWords({ keepers, keepersLeftOut }: HostNamespace): string {
  return facts(
    ...keepers.map(keeperName),
    keepersLeftOut > 0 ? `and ${keepersLeftOut.toLocaleString("en")} more` : undefined,
  );
}
