import type { Claim, Engine } from "./engine.ts";
import { engines } from "./engines.ts";
import { CgroupMarks, type ContainerFacts } from "./facts.ts";

/** One container in a cgroup path. */
export interface Link {
  /** One and the same for all paths that say the same container, and no other's. */
  readonly key: string;
  readonly engine: Engine;
  readonly claim: Claim;
  /** Its directory. */
  readonly directory: string;
  /** To whom the directory above was given: what it is called is that user's word. */
  readonly user: number | undefined;
  /** The container around it. */
  readonly outer: Link | undefined;
}

/** What a path says by itself. */
interface Place extends Pick<Link, "engine" | "claim" | "directory"> {
  /** Directories between this container and the one around it, the nearest first. */
  readonly above: readonly Ancestor[];
}

interface Ancestor {
  readonly path: string;
  /** The user to whom systemd gives the cgroup of such a name. */
  readonly user: number | undefined;
}

/** Whoever may make cgroups may call a hundred of them containers, each in the other. */
const deepest = 8;

type Given = ReadonlyMap<string, number> | undefined;

/** A path, and the containers in it where nobody was given a cgroup above them that has not the name of it. */
interface Read {
  readonly places: readonly Place[];
  readonly link: Link | undefined;
}

/**
 * Reads cgroup paths as containers, one in the other. Paths are kept from one look at the host to the next, as
 * long as somebody is in them.
 */
export class CgroupChains {
  #read = new Map<string, Read>();

  /** A reader for one look. */
  begin({ cgroups }: ContainerFacts): (hierarchy: string, path: string) => Link | undefined {
    const before = this.#read;
    const now = new Map<string, Read>();
    this.#read = now;
    const given = new CgroupMarks(cgroups, ({ delegatedTo }) => delegatedTo);
    return (hierarchy, path) => {
      let read = now.get(path);
      if (!read) {
        read = before.get(path) ?? readPath(path);
        now.set(path, read);
      }
      const delegated = given.in(hierarchy);
      if (read.places.length === 0 || !delegated) return read.link;
      return isAnyGiven(read.places, delegated) ? linked(read.places, delegated) : read.link;
    };
  }
}

function readPath(path: string): Read {
  const places = placesIn(path);
  return { places, link: linked(places, undefined) };
}

function placesIn(path: string): readonly Place[] {
  const names = path.split("/").filter(Boolean);
  const found: Place[] = [];
  let start = 0;
  for (const [index, name] of names.entries()) {
    if (found.length === deepest) break;
    const claimed = claimIn(name, names.slice(0, index));
    if (!claimed) continue;
    const directory = pathOf(names, index + 1);
    found.push({ ...claimed, directory, above: ancestors(names, start, index) });
    start = index + 1;
  }
  return found;
}

function claimIn(name: string, above: readonly string[]) {
  for (const engine of engines) {
    const claim = engine.inCgroup?.(name, above);
    if (claim) return { engine, claim };
  }
  return undefined;
}

function ancestors(names: readonly string[], start: number, end: number): readonly Ancestor[] {
  const found: Ancestor[] = [];
  for (let length = end; length > start; length -= 1) {
    const service = /^user@(\d{1,10})\.service$/.exec(names[length - 1] ?? "");
    found.push({ path: pathOf(names, length), user: service ? Number(service[1]) : undefined });
  }
  return found;
}

function pathOf(names: readonly string[], length: number): string {
  return `/${names.slice(0, length).join("/")}`;
}

function isAnyGiven(places: readonly Place[], given: NonNullable<Given>): boolean {
  return places.some(({ above }) => above.some(({ path }) => given.has(path)));
}

/** The innermost, which names those around it. */
function linked(places: readonly Place[], given: Given): Link | undefined {
  let outer: Link | undefined;
  for (const { engine, claim, directory, above } of places) {
    const user = delegate(above, given) ?? outer?.user;
    const key = `${outer?.key ?? ""}/${claim.engine}:${claim.id}@${user ?? ""}`;
    outer = { key, engine, claim, directory, user, outer };
  }
  return outer;
}

/** The nearest user to whom one of the directories above was given. */
function delegate(above: readonly Ancestor[], given: Given): number | undefined {
  for (const { path, user } of above) {
    const owner = user ?? given?.get(path);
    if (owner !== undefined) return owner === 0 ? undefined : owner;
  }
  return undefined;
}
