import type { HostCgroup, HostHierarchy, HostProcess } from "../../protocol/hostTables.ts";
import type { NamespaceType } from "../../protocol/namespaces.ts";

/** What is known of the host already, when its containers are looked for. */
export interface ContainerFacts {
  /** All of them; what they say of `container` is not looked at. */
  readonly processes: readonly Omit<HostProcess, "container">[];
  /** Version 2 first: the first in which a process is in a container's cgroup is believed. */
  readonly hierarchies: readonly Pick<HostHierarchy, "id">[];
  /** Whether they are frozen, and to whom they were given. */
  readonly cgroups: readonly CgroupRow[];
  /** Inodes of the namespaces of the host's own start (initialNamespaces). */
  readonly initial: ReadonlySet<number>;
  /** The registry's, that run. */
  readonly sandboxes: readonly KnownSandbox[];
  /** What the helper itself starts, to try out features, is no container. */
  readonly helperPid: number;
}

export type CgroupRow = Pick<HostCgroup, "hierarchy" | "path" | "isFrozen" | "delegatedTo">;

/** A sandbox of the registry. */
export interface KnownSandbox {
  readonly id: string;
  readonly name: string;
  readonly createdAtMs: number;
  /** Inodes of those that are its own. */
  readonly namespaces: Readonly<Partial<Record<NamespaceType, number>>>;
}

/** The processes by pid, and what can be said of them alone. */
export class Host {
  readonly facts: ContainerFacts;
  /** Without kernel threads, which are in no container, and without what has ended. */
  readonly living: readonly HostProcess[];
  readonly byPid: ReadonlyMap<number, HostProcess>;

  constructor(facts: ContainerFacts) {
    this.facts = facts;
    this.living = facts.processes.filter((process) => !process.isKernelThread && !process.isZombie);
    const byPid = new Map<number, HostProcess>();
    for (const process of facts.processes) byPid.set(process.pid, process);
    this.byPid = byPid;
  }

  parentOf({ parentPid }: HostProcess): HostProcess | undefined {
    return this.byPid.get(parentPid);
  }

  /** Where it is in a namespace that is not the host's first of this type; undefined where it is, or nothing is known. */
  foreign({ namespaces }: HostProcess, type: NamespaceType): number | undefined {
    const inode = namespaces[type];
    return inode === undefined || this.facts.initial.has(inode) ? undefined : inode;
  }

  /**
   * Outside of every container, as far as namespaces tell: where files are those that the helper sees. A user's helper
   * may not look at root's, and takes them for the host's: it opens nothing that its user could not.
   */
  isOnHost(process: HostProcess, types: readonly NamespaceType[]): boolean {
    const isKnown = (type: NamespaceType) => process.namespaces[type] !== undefined || !isRoot();
    return types.every((type) => isKnown(type) && this.foreign(process, type) === undefined);
  }

  /** The helper, or below it. */
  isOwn(process: HostProcess): boolean {
    const seen = new Set<number>();
    let at: HostProcess | undefined = process;
    while (at && !seen.has(at.pid)) {
      if (at.pid === this.facts.helperPid) return true;
      seen.add(at.pid);
      at = this.parentOf(at);
    }
    return false;
  }
}

function isRoot(): boolean {
  return process.geteuid?.() === 0;
}

/** By hierarchy and path, what is said of the few cgroups of which something is. */
export class CgroupMarks<Mark> {
  readonly #marks = new Map<string, Map<string, Mark>>();

  constructor(rows: readonly CgroupRow[], markOf: (row: CgroupRow) => Mark | undefined) {
    for (const row of rows) {
      const mark = markOf(row);
      if (mark === undefined) continue;
      const marked = this.#marks.get(row.hierarchy);
      if (marked) marked.set(row.path, mark);
      else this.#marks.set(row.hierarchy, new Map([[row.path, mark]]));
    }
  }

  /** Undefined: nothing is said of any cgroup there. */
  in(hierarchy: string): ReadonlyMap<string, Mark> | undefined {
    return this.#marks.get(hierarchy);
  }
}
