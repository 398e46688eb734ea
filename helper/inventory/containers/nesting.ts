import type { HostProcess } from "../../protocol/hostTables.ts";
import { type Draft, isInit } from "./draft.ts";
import type { Host } from "./facts.ts";

/** The first process of each pid namespace but the host's, by its inode. */
export type Leaders = ReadonlyMap<number, HostProcess>;

/**
 * What is in what. A process is in the container whose cgroup it is in; or whose pid namespace, of which nobody
 * leaves; or whose mount namespace. Where several answer, the innermost has it.
 */
export class Nesting {
  readonly #host: Host;
  readonly #leaders: Leaders;
  readonly #byCgroup: (process: HostProcess) => Draft | undefined;
  readonly #outer: (draft: Draft) => Draft | undefined;
  readonly #byNamespace = new Map<number, Draft>();
  readonly #inherited = new Map<number, Draft | undefined>();
  readonly #around = new Map<Draft, Draft | undefined>();

  /** `outer`: the next container of a draft's cgroup path; undefined where it has no cgroup, or is the first. */
  constructor(
    host: Host,
    leaders: Leaders,
    byCgroup: (process: HostProcess) => Draft | undefined,
    outer: (draft: Draft) => Draft | undefined,
  ) {
    this.#host = host;
    this.#leaders = leaders;
    this.#byCgroup = byCgroup;
    this.#outer = outer;
  }

  /** From now on, what is in its own namespace is in it. */
  add(draft: Draft): void {
    const inode = this.#ownNamespace(draft);
    if (inode === undefined || this.#byNamespace.has(inode)) return;
    this.#byNamespace.set(inode, draft);
    this.#inherited.clear();
    this.#around.clear();
  }

  /** Where a cgroup says who belongs to it, others may share its mounts: a snap's applications all do. */
  #ownNamespace({ topmost, link }: Draft): number | undefined {
    const pid = this.#host.foreign(topmost, "pid");
    if (pid !== undefined && isInit(topmost)) return pid;
    const mounts = link ? undefined : this.#host.foreign(topmost, "mnt");
    return mounts === this.#host.parentOf(topmost)?.namespaces.mnt ? undefined : mounts;
  }

  /** The innermost container that a process is in. */
  of(process: HostProcess): Draft | undefined {
    const { mnt } = process.namespaces;
    const pid = this.#host.foreign(process, "pid");
    const byPid = pid === undefined ? undefined : this.#ofPidNamespace(pid);
    const byMounts = mnt === undefined ? undefined : this.#byNamespace.get(mnt);
    return this.#deeper(this.#deeper(this.#byCgroup(process), byPid), byMounts);
  }

  /** Nobody's own is its maker's: all that are in it are descendants of its first process. */
  #ofPidNamespace(inode: number): Draft | undefined {
    const own = this.#byNamespace.get(inode);
    if (own || this.#inherited.has(inode)) return own ?? this.#inherited.get(inode);
    // Known as "none" while it is looked for: facts of different instants may form a circle.
    this.#inherited.set(inode, undefined);
    const leader = this.#leaders.get(inode);
    const maker = leader && this.#host.parentOf(leader);
    const found = maker && this.of(maker);
    this.#inherited.set(inode, found);
    return found;
  }

  /** The container around a container. */
  around(draft: Draft): Draft | undefined {
    if (this.#around.has(draft)) return this.#around.get(draft);
    this.#around.set(draft, undefined);
    const parent = this.#host.parentOf(draft.topmost);
    const found = this.#deeper(this.#outer(draft), parent && this.of(parent));
    const around = found && !this.#isWithin(found, draft) ? found : undefined;
    this.#around.set(draft, around);
    return around;
  }

  #isWithin(draft: Draft, other: Draft): boolean {
    let at: Draft | undefined = draft;
    while (at && at !== other) at = this.#around.get(at);
    return at === other;
  }

  /** The first where both are as deep. */
  #deeper(one: Draft | undefined, other: Draft | undefined): Draft | undefined {
    if (!one || !other || one === other) return one ?? other;
    return this.#depth(other) > this.#depth(one) ? other : one;
  }

  #depth(draft: Draft): number {
    let depth = 0;
    for (let at: Draft | undefined = draft; at; at = this.around(at)) depth += 1;
    return depth;
  }
}

/** Process 1 where it can be seen, else the oldest. */
export function leadersOf(host: Host): Leaders {
  const leaders = new Map<number, HostProcess>();
  for (const process of host.living) {
    const inode = host.foreign(process, "pid");
    if (inode === undefined) continue;
    const known = leaders.get(inode);
    if (!known || isBefore(process, known)) leaders.set(inode, process);
  }
  return leaders;
}

function isBefore(a: HostProcess, b: HostProcess): boolean {
  if (isInit(a) !== isInit(b)) return isInit(a);
  return a.startTimeTicks - b.startTimeTicks < 0;
}
