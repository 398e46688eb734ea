import { statSync } from "node:fs";
import { join } from "node:path";
import {
  type CgroupMount,
  type CgroupMounts,
  childCgroups,
  readCgroupFile,
} from "../../kernel/cgroupfs.ts";
import { isDenied, isGone } from "../../kernel/errors.ts";
import { printable } from "../../kernel/printable.ts";
import type { HostCgroup } from "../../protocol/hostTables.ts";
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
}

export type CgroupRow = Omit<HostCgroup, "processes">;

/** Every hierarchy that is mounted, as the helper sees it. */
export function readCgroupTree({ hierarchies }: CgroupMounts): CgroupTree {
  const managers = new Map<string, string | undefined>();
  const trees = hierarchies.map((mount) => readHierarchy(mount, managers));
  return {
    rows: trees.flatMap(({ rows }) => rows),
    cut: trees.filter(({ isCut }) => isCut).length,
  };
}

interface Walk {
  readonly hierarchy: string;
  readonly readFacts: (directory: string) => Facts;
  /** By path, which is the same one in many hierarchies. */
  readonly managers: Map<string, string | undefined>;
  readonly rows: CgroupRow[];
  isCut: boolean;
}

type Facts = Pick<HostCgroup, "passesOn" | "isFrozen" | "type">;

interface Place {
  readonly directory: string;
  /** As it is shown. */
  readonly path: string;
  readonly depth: number;
}

function readHierarchy(
  { id, version, controllers, mountPoint }: CgroupMount,
  managers: Map<string, string | undefined>,
): Walk {
  const readLegacy = controllers.includes("freezer") ? readFreezer : () => plain;
  const walk: Walk = {
    hierarchy: printable(id),
    readFacts: version === 2 ? readUnified : readLegacy,
    managers,
    rows: [],
    isCut: false,
  };
  visit({ directory: mountPoint, path: "/", depth: 0 }, walk);
  return walk;
}

function visit(place: Place, walk: Walk): void {
  if (walk.rows.length >= mostOfHierarchy || place.depth > deepest) {
    walk.isCut = true;
    return;
  }
  const isParent = unlessRemoved(() => addRow(place, walk));
  // Node has no name for a name that is not UTF-8: it is not listed, and nobody is left to think that all is.
  if (isParent === undefined && place.directory.includes("\uFFFD")) walk.isCut = true;
  if (isParent) for (const child of childrenOf(place)) visit(child, walk);
}

/** Whether it has children. kernfs counts a directory's links as 2 and one for each: most need no listing. */
function addRow({ directory, path }: Place, walk: Walk): boolean {
  const { hierarchy, managers, readFacts, rows } = walk;
  const { ino, nlink, uid } = statSync(directory);
  if (!managers.has(path)) managers.set(path, managerOf(path));
  rows.push({
    hierarchy,
    path,
    inode: ino,
    delegatedTo: uid === 0 ? undefined : uid,
    manager: managers.get(path),
    ...readFacts(directory),
  });
  return nlink > 2;
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
