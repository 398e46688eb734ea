import { closeSync, fstatSync } from "node:fs";
import type { ByInode } from "../../kernel/byInode.ts";
import { KernelError } from "../../kernel/errors.ts";
import {
  namespaceFlag,
  namespaceId,
  namespaceOwnerUid,
  namespaceParent,
  namespaceUserns,
} from "../../kernel/libc.ts";
import type { NamespaceList } from "../../kernel/namespaceList.ts";
import type { Lineage } from "../../kernel/taskTable.ts";
import { type NamespaceType, namespaceTypes } from "../../protocol/namespaces.ts";
import type { Steps } from "../turns.ts";
import { closing, openNamespace } from "./namespaceFile.ts";
import { keep, type Sighting, type Sightings } from "./sightings.ts";

/** What spares the questions. */
export interface Answered {
  /** Of the last reading. */
  readonly last: Sightings | undefined;
  /** By the iterator, together with the processes. */
  readonly told: ByInode<Lineage> | undefined;
}

type Known = (inode: number) => Lineage | undefined;

/** Without a question: they are made as quickly as rows. */
const recalledAStep = 64;

/**
 * Parents and owners of all that was seen: ioctl_nsfs(2), once for each namespace. They are namespaces, too,
 * and may have no process at all: those are added. The chains end where the kernel answers EPERM, at the
 * initial ones or at those that the helper itself is in. What the kernel lists beside those, whatever keeps it
 * alive (a descriptor on its way through a socket, say), is added last.
 *
 * `last` spares the questions: an inode number may be given again, but not while the process through which the
 * namespace was seen is still in it; and what is above a namespace stays as long as that does.
 */
export function* readLineages(
  sightings: Sightings,
  answered: Answered,
  list: NamespaceList | undefined,
): Steps<void> {
  const trace = new Trace(sightings, answered);
  try {
    yield* trace.readSeen();
    if (list) yield* trace.readUnseen(list);
  } finally {
    trace.close();
  }
}

/** A user namespace has 32 above it at most, a pid namespace as many and their owners. */
const mostAbove = 66;

class Trace {
  readonly #sightings: Sightings;
  readonly #last: Sightings | undefined;
  readonly #ofLast: Known;
  readonly #told: Known;
  #held: number | undefined;

  constructor(sightings: Sightings, { last, told }: Answered) {
    this.#sightings = sightings;
    this.#last = last;
    this.#ofLast = (inode) => last?.get(inode)?.lineage;
    this.#told = (inode) => told?.get(inode);
  }

  close(): void {
    this.#hold(undefined);
  }

  *readSeen(): Steps<void> {
    let recalled = 0;
    for (const sighting of this.#sightings.all()) {
      const isRecalled = this.#recall(sighting);
      if (isRecalled) recalled += 1;
      else this.#open(sighting);
      if (!isRecalled || recalled % recalledAStep === 0) yield;
    }
  }

  /** False: it must be asked. */
  #recall(sighting: Sighting): boolean {
    const { file, inode } = sighting;
    if (file === undefined || sighting.lineage) return true;
    const last = this.#last?.get(inode);
    if (last?.lineage && last.file?.through === file.through) {
      this.#take(sighting, last.lineage, this.#ofLast);
      return true;
    }
    const told = this.#told(inode);
    if (told === undefined || !this.#isWhole(told, mostAbove)) return false;
    this.#take(sighting, told, this.#told);
    return true;
  }

  #open(sighting: Sighting): void {
    const fd = sighting.file && openNamespace(sighting.file, sighting);
    if (fd !== undefined) closing(fd, () => this.#ask(sighting, fd));
  }

  *readUnseen({ ids, open }: NamespaceList): Steps<void> {
    const seen = new Set(Array.from(this.#sightings.all(), ({ lineage }) => lineage?.id));
    for (const id of ids) {
      const fd = seen.has(id.toString()) ? undefined : unlessRefused(() => open(id));
      if (fd !== undefined) closing(fd, () => this.#askUnseen(fd));
      yield;
    }
  }

  #askUnseen(fd: number): void {
    const type = namespaceTypes.find((known) => cloneFlags[known] === namespaceFlag(fd));
    const found = type && this.#sightings.add(type, fstatSync(fd).ino);
    if (found && !found.lineage) this.#ask(found, fd);
  }

  /** `fd` is a descriptor of the namespace. */
  #ask(sighting: Sighting, fd: number): void {
    const { type } = sighting;
    const isUser = type === "user";
    const isNested = isUser || type === "pid";
    sighting.lineage = {
      id: idOf(fd),
      parent: isNested ? this.#above(sighting, type, () => namespaceParent(fd)) : undefined,
      owner: isUser ? undefined : this.#above(sighting, "user", () => namespaceUserns(fd)),
      ownerUid: isUser ? ownerUid(fd) : undefined,
    };
  }

  /** What is above it is told, too, and what is above that: of what nobody tells there is no descriptor to ask. */
  #isWhole({ owner, parent }: Lineage, deepest: number): boolean {
    return this.#isKnown(owner, deepest) && this.#isKnown(parent, deepest);
  }

  #isKnown(above: number | undefined, deepest: number): boolean {
    if (above === undefined || this.#sightings.get(above)?.lineage) return true;
    const told = this.#told(above);
    return told !== undefined && deepest > 0 && this.#isWhole(told, deepest - 1);
  }

  #take(sighting: Sighting, lineage: Lineage, known: Known): void {
    sighting.lineage = lineage;
    this.#takeAbove(sighting, sighting.type, lineage.parent, known);
    this.#takeAbove(sighting, "user", lineage.owner, known);
  }

  #takeAbove(below: Sighting, type: NamespaceType, inode: number | undefined, known: Known): void {
    if (inode === undefined) return;
    const above = this.#kept(below, type, inode);
    const lineage = above.lineage ? undefined : known(inode);
    if (lineage) this.#take(above, lineage, known);
  }

  /** Inode of what the kernel answers with; that is asked at once, while there is a descriptor of it. */
  #above(below: Sighting, type: NamespaceType, open: () => number): number | undefined {
    const fd = unlessRefused(open);
    if (fd === undefined) return undefined;
    try {
      const found = this.#kept(below, type, fstatSync(fd).ino);
      if (!found.lineage) this.#ask(found, fd);
      return found.inode;
    } finally {
      this.#hold(fd);
    }
  }

  /**
   * The last one that was answered with stays open until the next is there. Most have the owner of the one before,
   * and of what is open the kernel makes no new file: that is half of what the question costs.
   */
  #hold(fd: number | undefined): void {
    if (this.#held !== undefined) closeSync(this.#held);
    this.#held = fd;
  }

  #kept({ type, inode }: Sighting, typeAbove: NamespaceType, above: number): Sighting {
    const found = this.#sightings.add(typeAbove, above);
    keep(found, { kind: "namespace", type, inode });
    return found;
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
