import { statSync } from "node:fs";
import { join } from "node:path";
import {
  type CgroupMount,
  type CgroupMounts,
  childCgroups,
  readCgroupFile,
  readCgroupProcesses,
} from "../kernel/cgroupfs.ts";
import { isDenied, isGone } from "../kernel/errors.ts";
import { printable } from "../kernel/printable.ts";
import type { HostCgroup } from "../protocol/hostTables.ts";
import { managerOf } from "./cgroupManagers.ts";

/** Whoever may make cgroups may make very many, very deep: the table stays readable, and finite. */
const deepest = 32;
const mostOfHierarchy = 10_000;

/** Flat: parents before their children, children by name. */
export function readCgroupTable({ hierarchies }: CgroupMounts): readonly HostCgroup[] {
  return hierarchies.flatMap((mount) => {
    const rows: HostCgroup[] = [];
    const place = { directory: mount.mountPoint, path: "/", depth: 0 };
    walk(mount, place, rows);
    return rows;
  });
}

interface Place {
  readonly directory: string;
  /** As it is shown. */
  readonly path: string;
  readonly depth: number;
}

function walk(mount: CgroupMount, place: Place, rows: HostCgroup[]): void {
  if (rows.length >= mostOfHierarchy) return;
  try {
    const { ino, nlink, uid } = statSync(place.directory);
    rows.push(readRow(mount, place, ino, uid));
    // kernfs counts a directory's links as 2 and one for each child directory: most cgroups need no listing.
    if (nlink === 2 || place.depth === deepest) return;
    for (const child of childrenOf(place)) walk(mount, child, rows);
  } catch (error) {
    // Removed while we looked.
    if (!isGone(error) && !isDenied(error)) throw error;
  }
}

/** Two names that look the same when they can be shown are told apart: a path is a row's key. */
function childrenOf({ directory, path, depth }: Place): readonly Place[] {
  const taken = new Set<string>();
  return [...childCgroups(directory)].sort().map((name) => {
    const shown = printable(name);
    const unique = taken.has(shown) ? `${shown}\uFFFD${taken.size}` : shown;
    taken.add(unique);
    return {
      directory: join(directory, name),
      path: path === "/" ? `/${unique}` : `${path}/${unique}`,
      depth: depth + 1,
    };
  });
}

function readRow(
  { id, version }: CgroupMount,
  { directory, path }: Place,
  inode: number,
  uid: number,
): HostCgroup {
  return {
    hierarchy: printable(id),
    path,
    inode,
    processes: readCgroupProcesses(directory).length,
    delegatedTo: uid === 0 ? undefined : uid,
    manager: managerOf(path),
    ...(version === 2 ? readUnified(directory) : readLegacy(id, directory)),
  };
}

function readUnified(directory: string): Pick<HostCgroup, "passesOn" | "isFrozen" | "type"> {
  return {
    passesOn: words(readCgroupFile(directory, "cgroup.subtree_control")),
    isFrozen: /^frozen 1$/m.test(readCgroupFile(directory, "cgroup.events") ?? ""),
    type: unusualTypes.find((type) => type === readCgroupFile(directory, "cgroup.type")?.trim()),
  };
}

const unusualTypes = ["domain threaded", "domain invalid", "threaded"] as const;

function readLegacy(id: string, directory: string): Pick<HostCgroup, "passesOn" | "isFrozen"> {
  const freezes = id.split(",").includes("freezer");
  // FREEZING, too: whoever reads of it wants to know why nothing moves.
  const state = freezes ? (readCgroupFile(directory, "freezer.state") ?? "") : "";
  return { passesOn: [], isFrozen: state.startsWith("FRO") || state.startsWith("FREEZING") };
}

function words(text: string | undefined): readonly string[] {
  return (text ?? "").split(/\s+/).filter(Boolean);
}
