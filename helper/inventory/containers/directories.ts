import type { HostProcess } from "../../protocol/hostTables.ts";
import type { Link } from "./chains.ts";
import type { Draft } from "./draft.ts";
import { CgroupMarks, type ContainerFacts } from "./facts.ts";

type Directories = Readonly<Record<string, string>>;

/** Whose every process is; undefined: several's. */
type Owners<Place> = Map<Place, Draft | undefined>;

function own<Place>(owners: Owners<Place>, place: Place, owner: Draft | undefined): void {
  const isFirst = !owners.has(place);
  owners.set(place, isFirst || owners.get(place) === owner ? owner : undefined);
}

/** Processes in the same cgroups share one object of paths. */
function ownersOf(
  processes: ContainerFacts["processes"],
  members: ReadonlyMap<HostProcess, Draft>,
): Owners<Directories> {
  const owners: Owners<Directories> = new Map();
  for (const process of processes) own(owners, process.cgroups, members.get(process));
  return owners;
}

/** The cgroups that are a container's alone. */
export class OwnDirectories {
  readonly #facts: ContainerFacts;
  readonly #linkAt: (hierarchy: string, path: string) => Link | undefined;
  readonly #frozen: CgroupMarks<true>;
  /** By hierarchy and path. */
  readonly #owners = new Map<string, Owners<string>>();

  constructor(
    facts: ContainerFacts,
    linkAt: (hierarchy: string, path: string) => Link | undefined,
  ) {
    this.#facts = facts;
    this.#linkAt = linkAt;
    this.#frozen = new CgroupMarks(facts.cgroups, ({ isFrozen }) => (isFrozen ? true : undefined));
  }

  /** To be told which container each process is in, for those that are not known by their cgroup. */
  count(drafts: readonly Draft[], members: ReadonlyMap<HostProcess, Draft>): void {
    if (drafts.length === 0) return;
    const together = ownersOf(this.#facts.processes, members);
    for (const { id } of this.#facts.hierarchies) {
      const wanted = new Set(drafts.map(({ topmost }) => topmost.cgroups[id]));
      const owners: Owners<string> = new Map();
      for (const [cgroups, owner] of together) {
        const path = cgroups[id];
        if (path !== undefined && wanted.has(path)) own(owners, path, owner);
      }
      this.#owners.set(id, owners);
    }
  }

  of(draft: Draft): Directories {
    const directories: Record<string, string> = {};
    for (const { id } of this.#facts.hierarchies) {
      const path = draft.topmost.cgroups[id];
      if (path === undefined) continue;
      const directory = draft.link
        ? this.#linked(draft.link, id, path)
        : this.#only(draft, id, path);
      if (directory !== undefined) directories[id] = directory;
    }
    return directories;
  }

  isPaused(directories: Directories): boolean {
    return this.#facts.hierarchies.some(({ id }) => {
      const directory = directories[id];
      return directory !== undefined && this.#frozen.in(id)?.has(directory);
    });
  }

  /** In other hierarchies of version 1 the same container may have another path. */
  #linked({ claim }: Link, hierarchy: string, path: string): string | undefined {
    let at = this.#linkAt(hierarchy, path);
    while (at && (at.claim.engine !== claim.engine || at.claim.id !== claim.id)) at = at.outer;
    return at?.directory;
  }

  /** systemd puts itself into `init.scope` of the cgroup that it was given. */
  #only(draft: Draft, hierarchy: string, path: string): string | undefined {
    if (this.#owners.get(hierarchy)?.get(path) !== draft) return undefined;
    return path.replace(/\/init\.scope$/, "") || undefined;
  }
}
