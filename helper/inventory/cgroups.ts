import { statSync } from "node:fs";
import { join } from "node:path";
import {
  type CgroupMount,
  childCgroups,
  readCgroupMounts,
  readCgroupProcesses,
} from "../kernel/cgroupfs.ts";
import { isDenied, isGone } from "../kernel/errors.ts";
import { printable } from "../kernel/printable.ts";
import { sandboxIdOf } from "../limits/places.ts";
import type { CgroupFact, CgroupHierarchy, CgroupReport } from "../protocol/inventory.ts";

export interface CgroupQuery {
  /** Names of sandboxes by id. */
  readonly sandboxNames: ReadonlyMap<string, string>;
}

/** Whoever may make cgroups may make very many, very deep: the report stays readable, and finite. */
const maximumDepth = 32;
const maximumCgroups = 10_000;

interface Walk extends CgroupQuery {
  remaining: number;
}

interface Place {
  readonly directory: string;
  readonly path: string;
  readonly name: string;
  readonly parentName: string;
  readonly depth: number;
}

/** The tree of every hierarchy that is mounted, with the number of processes in each cgroup. */
export function readCgroups({ sandboxNames }: CgroupQuery): CgroupReport {
  const { mode, hierarchies } = readCgroupMounts();
  return { mode, hierarchies: hierarchies.map((mount) => readHierarchy(mount, sandboxNames)) };
}

function readHierarchy(
  { id, version, controllers, mountPoint }: CgroupMount,
  sandboxNames: ReadonlyMap<string, string>,
): CgroupHierarchy {
  const place = { directory: mountPoint, path: "/", name: "/", parentName: "", depth: 0 };
  const root = readCgroup(place, { sandboxNames, remaining: maximumCgroups });
  return { id: printable(id), version, controllers, mountPoint, root: root ?? emptyRoot };
}

const emptyRoot: CgroupFact = { path: "/", name: "/", processes: 0, children: [] };

/** Undefined when the cgroup was removed while we looked. */
function readCgroup(place: Place, walk: Walk): CgroupFact | undefined {
  walk.remaining -= 1;
  const id = sandboxIdOf(place.parentName, place.name);
  try {
    return {
      path: printable(place.path),
      name: printable(place.name),
      processes: readCgroupProcesses(place.directory).length,
      sandbox: id === undefined ? undefined : walk.sandboxNames.get(id),
      children: readChildren(place, walk),
    };
  } catch (error) {
    if (isGone(error) || isDenied(error)) return undefined;
    throw error;
  }
}

function readChildren(place: Place, walk: Walk): readonly CgroupFact[] {
  if (place.depth === maximumDepth || isLeaf(place.directory)) return [];
  const names = [...childCgroups(place.directory)].sort();
  return names.flatMap((name) => {
    if (walk.remaining <= 0) return [];
    return readCgroup(below(place, name), walk) ?? [];
  });
}

function below(parent: Place, name: string): Place {
  return {
    directory: join(parent.directory, name),
    path: parent.path === "/" ? `/${name}` : `${parent.path}/${name}`,
    name,
    parentName: parent.name,
    depth: parent.depth + 1,
  };
}

/** kernfs counts a directory's links as 2 and one for each child directory: most cgroups need no listing. */
function isLeaf(directory: string): boolean {
  return statSync(directory).nlink === 2;
}
