import { closeSync, fstatSync, openSync } from "node:fs";
import { errnoOf, KernelError } from "../../kernel/errors.ts";
import {
  namespaceId,
  namespaceOwnerUid,
  namespaceParent,
  namespaceUserns,
} from "../../kernel/libc.ts";
import type { HostNamespace } from "../../protocol/hostTables.ts";
import type { NamespaceType } from "../../protocol/namespaces.ts";
import type { Sighting, Sightings } from "./sightings.ts";

export type Lineage = Pick<HostNamespace, "id" | "parent" | "owner" | "ownerUid">;

/**
 * Parents and owners of all that was seen: ioctl_nsfs(2), once for each namespace. They are namespaces, too,
 * and may have no process at all: those are added. The chains end where the kernel answers EPERM, at the
 * initial ones or at those that the helper itself is in.
 */
export function readLineages(sightings: Sightings): ReadonlyMap<Sighting, Lineage> {
  const trace = new Trace(sightings);
  for (const sighting of sightings.all()) trace.read(sighting);
  return trace.lineages;
}

class Trace {
  readonly lineages = new Map<Sighting, Lineage>();
  readonly #sightings: Sightings;

  constructor(sightings: Sightings) {
    this.#sightings = sightings;
  }

  read(sighting: Sighting): void {
    const { path, inode } = sighting;
    if (path === undefined || this.lineages.has(sighting)) return;
    withDescriptor(
      () => openSync(path, "r"),
      (fd) => {
        // Whoever was seen there may have left, and another namespace may be there now.
        if (fstatSync(fd).ino === inode) this.#ask(sighting, fd);
      },
    );
  }

  #ask(sighting: Sighting, fd: number): void {
    const { type } = sighting;
    const hasParent = type === "user" || type === "pid";
    const parent = hasParent ? this.#next(sighting, type, () => namespaceParent(fd)) : undefined;
    const owner =
      type === "user" ? undefined : this.#next(sighting, "user", () => namespaceUserns(fd));
    this.lineages.set(sighting, {
      id: idOf(fd),
      parent: parent?.inode,
      owner: owner?.inode,
      ownerUid:
        type === "user" ? answered(() => namespaceOwnerUid(fd)) : owner && this.#uidOf(owner),
    });
  }

  /** The namespace that the kernel answers with; that one is asked at once, while there is a descriptor of it. */
  #next(below: Sighting, type: NamespaceType, open: () => number): Sighting | undefined {
    return withDescriptor(open, (fd) => {
      const keeper = { kind: "namespace", type: below.type, inode: below.inode } as const;
      const found = this.#sightings.add(type, fstatSync(fd).ino, keeper);
      if (!this.lineages.has(found)) this.#ask(found, fd);
      return found;
    });
  }

  #uidOf(owner: Sighting): number | undefined {
    return this.lineages.get(owner)?.ownerUid;
  }
}

/** Since Linux 6.18; the first refusal of the call itself is the last that is asked for. */
let hasIds = true;

function idOf(fd: number): string | undefined {
  if (!hasIds) return undefined;
  try {
    return namespaceId(fd).toString();
  } catch (error) {
    if (errnoOf(error) !== "ENOTTY") throw error;
    hasIds = false;
    return undefined;
  }
}

/** Closes what it opened; an answer of the kernel that is no descriptor or no uid is undefined here. */
function withDescriptor<T>(open: () => number, use: (fd: number) => T): T | undefined {
  return answered(() => {
    const fd = open();
    try {
      return use(fd);
    } finally {
      closeSync(fd);
    }
  });
}

function answered<T>(ask: () => T): T | undefined {
  try {
    return ask();
  } catch (error) {
    if (error instanceof KernelError || errnoOf(error) !== "EUNKNOWN") return undefined;
    throw error;
  }
}
