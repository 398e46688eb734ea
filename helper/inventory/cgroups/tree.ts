import { statSync } from "node:fs";
import { join } from "node:path";
import {
  type CgroupMount,
  type CgroupMounts,
  childCgroups,
  readCgroupFile,
} from "../../kernel/cgroupfs.ts";
import { isDenied, isGone } from "../../kernel/errors.ts";
import type { HostCgroup } from "../../protocol/hostTables.ts";
import { printable } from "../../protocol/printable.ts";
import { inSlices } from "../turns.ts";
import { managerOf } from "./managers.ts";
import { shownName } from "./shownName.ts";

/** Whoever may make cgroups may make very many, very deep: the table stays readable, and finite. */
const deepest = 32;
const mostOfHierarchy = 10_000;

export interface CgroupTree {
  /** Flat: parents before their children, children by name. How many are in each is not known yet. */
  readonly rows: readonly CgroupRow[];
  /** Hierarchies that have more or deeper cgroups than are listed. */
  readonly cut: number;
  /** What was seen in each directory, as the file system names it (paths are made printable); in the order of the rows. */
  readonly seen: ReadonlyMap<string, SeenCgroup>;
}

export type CgroupRow = Omit<HostCgroup, "processes">;

interface SeenCgroup {
  readonly row: CgroupRow;
  readonly children: readonly Place[];
}

interface Place {
  readonly directory: string;
  /** As it is shown. */
  readonly path: string;
  readonly depth: number;
}

/** What was seen before, but for the directories in which something has changed since. */
export interface KnownTree {
  readonly tree: CgroupTree;
  readonly changed: ReadonlySet<string>;
}

/** Every hierarchy that is mounted, as the helper sees it. Of what is known nothing is read again. */
export function readCgroupTree({ hierarchies }: CgroupMounts, known?: KnownTree): CgroupTree {
  const managers = new Map<string, string | undefined>();
  const walks = hierarchies.map((mount) => new Walk(mount, managers, known));
  for (const walk of walks) for (const place of walk.places()) walk.visit(place);
  return treeOf(walks);
}

/** The same of everything, while the helper answers in between: there may be ten thousands of cgroups. */
export async function readCgroupTreeInSlices({ hierarchies }: CgroupMounts): Promise<CgroupTree> {
  const managers = new Map<string, string | undefined>();
  const walks = hierarchies.map((mount) => new Walk(mount, managers));
  for (const walk of walks) await inSlices(walk.places(), (place) => walk.visit(place));
  return treeOf(walks);
}

function treeOf(walks: readonly Walk[]): CgroupTree {
  const seen = new Map(walks.flatMap((walk) => [...walk.seen]));
  return {
    rows: [...seen.values()].map(({ row }) => row),
    cut: walks.filter(({ isCut }) => isCut).length,
    seen,
  };
}

type Facts = Pick<HostCgroup, "passesOn" | "isFrozen" | "type">;

class Walk {
  readonly seen = new Map<string, SeenCgroup>();
  isCut = false;
  readonly #hierarchy: string;
  readonly #readFacts: (directory: string) => Facts;
  /** By path, which is the same one in many hierarchies. */
  readonly #managers: Map<string, string | undefined>;
  readonly #known: KnownTree | undefined;
  /** The next one last. */
  readonly #ahead: Place[];

  constructor(
    { id, version, controllers, mountPoint }: CgroupMount,
    managers: Map<string, string | undefined>,
    known?: KnownTree,
  ) {
    const readLegacy = controllers.includes("freezer") ? readFreezer : () => plain;
    this.#hierarchy = printable(id);
    this.#readFacts = version === 2 ? readUnified : readLegacy;
    this.#managers = managers;
    this.#known = known;
    this.#ahead = [{ directory: mountPoint, path: "/", depth: 0 }];
  }

  /** Those of a place that was visited come next. */
  *places(): Iterable<Place> {
    for (let next = this.#ahead.pop(); next; next = this.#ahead.pop()) yield next;
  }

  visit(place: Place): void {
    if (this.seen.size >= mostOfHierarchy || place.depth > deepest) {
      this.isCut = true;
      return;
    }
    const seen = this.#recall(place) ?? unlessRemoved(() => this.#look(place));
    if (!seen) {
      // Node has no name for a name that is not UTF-8: it is not listed, and nobody is left to think that all is.
      if (place.directory.includes("\uFFFD")) this.isCut = true;
      return;
    }
    this.seen.set(place.directory, seen);
    this.#ahead.push(...seen.children.toReversed());
  }

  #recall({ directory }: Place): SeenCgroup | undefined {
    return this.#known?.changed.has(directory) ? undefined : this.#known?.tree.seen.get(directory);
  }

  /** Whether it has children kernfs tells: a directory's links are 2 and one for each. Most need no listing. */
  #look(place: Place): SeenCgroup {
    const { directory, path } = place;
    const { ino, nlink, uid } = statSync(directory);
    if (!this.#managers.has(path)) this.#managers.set(path, managerOf(path));
    const row = {
      hierarchy: this.#hierarchy,
      path,
      inode: ino,
      delegatedTo: uid === 0 ? undefined : uid,
      manager: this.#managers.get(path),
      ...this.#readFacts(directory),
    };
    return { row, children: nlink > 2 ? childrenOf(place) : [] };
  }
}

function childrenOf({ directory, path, depth }: Place): readonly Place[] {
  return [...childCgroups(directory)].sort().map((name) => ({
    directory: join(directory, name),
    path: `${path === "/" ? "" : path}/${shownName(name)}`,
    depth: depth + 1,
  }));
}

const plain: Facts = { passesOn: [], isFrozen: false };
const frozen: Facts = { passesOn: [], isFrozen: true };

/** FREEZING, too: whoever asks wants to know why nothing moves. It counts what was frozen above: freezer-subsystem.rst. */
function readFreezer(directory: string): Facts {
  const state = readCgroupFile(directory, "freezer.state") ?? "THAWED";
  return state.startsWith("THAWED") ? plain : frozen;
}

function readUnified(directory: string): Facts {
  const type = readCgroupFile(directory, "cgroup.type")?.trim();
  return {
    passesOn: words(readCgroupFile(directory, "cgroup.subtree_control")),
    isFrozen: readCgroupFile(directory, "cgroup.events")?.includes("frozen 1") ?? false,
    type: unusualTypes.find((unusual) => unusual === type),
  };
}

const unusualTypes = ["domain threaded", "domain invalid", "threaded"] as const;

function words(text: string | undefined): readonly string[] {
  return text === undefined || text === "\n" ? [] : text.split(/\s+/).filter(Boolean);
}

function unlessRemoved<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (isGone(error) || isDenied(error)) return undefined;
    throw error;
  }
}
