import { fstatSync } from "node:fs";
import { KernelError } from "../../kernel/errors.ts";
import {
  namespaceFlag,
  namespaceId,
  namespaceOwnerUid,
  namespaceParent,
  namespaceUserns,
} from "../../kernel/libc.ts";
import type { NamespaceList } from "../../kernel/namespaceList.ts";
import type { ToldNamespace } from "../../kernel/taskTable.ts";
import type { HostNamespace } from "../../protocol/hostTables.ts";
import { type NamespaceType, namespaceTypes } from "../../protocol/namespaces.ts";
import type { Steps } from "../turns.ts";
import { closing, openNamespace } from "./namespaceFile.ts";
import { keep, type Sighting, type Sightings } from "./sightings.ts";

export type Lineage = Pick<HostNamespace, "id" | "parent" | "owner" | "ownerUid">;

/** What was asked of each namespace, by inode, kept from one reading to the next. */
export type Lineages = ReadonlyMap<number, KnownLineage>;

interface KnownLineage extends Lineage {
  /** As in NamespaceFile; absent for one that was reached from below alone. */
  readonly through?: string | undefined;
}

/** What spares the questions. */
export interface Answered {
  /** From the last reading. */
  readonly known: Lineages;
  /** By the iterator, together with the processes. */
  readonly told?: ReadonlyMap<number, ToldNamespace> | undefined;
}

/**
 * Parents and owners of all that was seen: ioctl_nsfs(2), once for each namespace. They are namespaces, too,
 * and may have no process at all: those are added. The chains end where the kernel answers EPERM, at the
 * initial ones or at those that the helper itself is in. What the kernel lists beside those, whatever keeps it
 * alive (a descriptor on its way through a socket, say), is added last.
 *
 * `known` spares the questions: an inode number may be given again, but not while the process through which the
 * namespace was seen is still in it; and what is above a namespace stays as long as that does.
 */
export function* readLineages(
  sightings: Sightings,
  answered: Answered,
  list: NamespaceList | undefined,
): Steps<Lineages> {
  const trace = new Trace(sightings, answered);
  for (const sighting of sightings.all()) {
    trace.read(sighting);
    yield;
  }
  if (list) yield* trace.readUnseen(list);
  return trace.lineages;
}

/** A user namespace has 32 above it at most, a pid namespace as many and their owners. */
const mostAbove = 66;

class Trace {
  readonly lineages = new Map<number, KnownLineage>();
  readonly #sightings: Sightings;
  readonly #known: Lineages;
  readonly #told: NonNullable<Answered["told"]>;

  constructor(sightings: Sightings, { known, told }: Answered) {
    this.#sightings = sightings;
    this.#known = known;
    this.#told = told ?? new Map();
  }

  read(sighting: Sighting): void {
    const { file, inode } = sighting;
    if (file === undefined || this.lineages.has(inode)) return;
    const known = this.#known.get(inode);
    if (known?.through === file.through) {
      this.#recall(sighting, known);
      return;
    }
    if (this.#isTold(inode)) {
      this.#takeTold(sighting);
      return;
    }
    const fd = openNamespace(file, inode);
    if (fd !== undefined) closing(fd, () => this.ask(sighting, fd));
  }

  *readUnseen({ ids, open }: NamespaceList): Steps<void> {
    const seen = new Set([...this.lineages.values()].map(({ id }) => id));
    for (const id of ids) {
      const fd = seen.has(id.toString()) ? undefined : unlessRefused(() => open(id));
      if (fd !== undefined) closing(fd, () => this.#askUnseen(fd));
      yield;
    }
  }

  #askUnseen(fd: number): void {
    const type = namespaceTypes.find((known) => cloneFlags[known] === namespaceFlag(fd));
    const found = type && this.#sightings.add(type, fstatSync(fd).ino);
    if (found && !this.lineages.has(found.inode)) this.ask(found, fd);
  }

  /** `fd` is a descriptor of the namespace. */
  ask(sighting: Sighting, fd: number): void {
    const { type, inode, file } = sighting;
    const isNested = type === "user" || type === "pid";
    const parent = isNested ? this.#above(sighting, type, () => namespaceParent(fd)) : undefined;
    const owner =
      type === "user" ? undefined : this.#above(sighting, "user", () => namespaceUserns(fd));
    this.lineages.set(inode, {
      id: idOf(fd),
      parent,
      owner,
      ownerUid: type === "user" ? ownerUid(fd) : this.#uidOf(owner),
      through: file?.through,
    });
  }

  /** With all that is above it: of what nobody tells there is no descriptor to ask. */
  #isTold(inode: number, deepest = mostAbove): boolean {
    const one = this.#told.get(inode);
    if (one === undefined || deepest === 0) return false;
    const isKnown = (above: number | undefined) =>
      above === undefined || this.lineages.has(above) || this.#isTold(above, deepest - 1);
    return isKnown(one.owner) && isKnown(one.parent);
  }

  #takeTold(sighting: Sighting): void {
    const { type, inode, file } = sighting;
    const told = this.#told.get(inode);
    if (!told) return;
    this.#takeAbove(sighting, type, told.parent);
    this.#takeAbove(sighting, "user", told.owner);
    this.lineages.set(inode, {
      id: told.id,
      parent: told.parent,
      owner: told.owner,
      ownerUid: type === "user" ? told.ownerUid : this.#uidOf(told.owner),
      through: file?.through,
    });
  }

  #takeAbove(below: Sighting, type: NamespaceType, inode: number | undefined): void {
    if (inode === undefined) return;
    const above = this.#kept(below, type, inode);
    if (!this.lineages.has(inode)) this.#takeTold(above);
  }

  #recall(sighting: Sighting, known: KnownLineage): void {
    this.lineages.set(sighting.inode, known);
    for (const [type, inode] of [
      [sighting.type, known.parent],
      ["user", known.owner],
    ] as const) {
      if (inode === undefined) continue;
      const above = this.#kept(sighting, type, inode);
      const knownAbove = this.#known.get(inode);
      if (knownAbove && !this.lineages.has(inode)) this.#recall(above, knownAbove);
    }
  }

  /** Inode of what the kernel answers with; that is asked at once, while there is a descriptor of it. */
  #above(below: Sighting, type: NamespaceType, open: () => number): number | undefined {
    const fd = unlessRefused(open);
    if (fd === undefined) return undefined;
    return closing(fd, () => {
      const found = this.#kept(below, type, fstatSync(fd).ino);
      if (!this.lineages.has(found.inode)) this.ask(found, fd);
      return found.inode;
    });
  }

  #kept({ type, inode }: Sighting, typeAbove: NamespaceType, above: number): Sighting {
    const found = this.#sightings.add(typeAbove, above);
    keep(found, { kind: "namespace", type, inode });
    return found;
  }

  #uidOf(owner: number | undefined): number | undefined {
    return owner === undefined ? undefined : this.lineages.get(owner)?.ownerUid;
  }
}

/** include/uapi/linux/sched.h: what NS_GET_NSTYPE answers. */
const cloneFlags: Readonly<Record<NamespaceType, number>> = {
  pid: 0x2000_0000,
  mnt: 0x0002_0000,
  net: 0x4000_0000,
  user: 0x1000_0000,
  uts: 0x0400_0000,
  ipc: 0x0800_0000,
  cgroup: 0x0200_0000,
  time: 0x0000_0080,
};

function ownerUid(fd: number): number | undefined {
  return unlessRefused(() => namespaceOwnerUid(fd));
}

function idOf(fd: number): string | undefined {
  return unlessRefused(() => namespaceId(fd))?.toString();
}

/**
 * EPERM: it lies outside of what the helper may see. ENOTTY: this kernel does not know the question. ESTALE, of which
 * Node has no name: it has ended.
 */
function unlessRefused<T>(ask: () => T): T | undefined {
  try {
    return ask();
  } catch (error) {
    if (error instanceof KernelError) return undefined;
    throw error;
  }
}
