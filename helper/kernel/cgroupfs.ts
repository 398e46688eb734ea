import { readdirSync, readFileSync, statfsSync, writeFileSync } from "node:fs";
import { join, posix } from "node:path";
import type { CgroupMode } from "../protocol/inventory.ts";
import { errnoOf, isGone } from "./errors.ts";
import type { MountInfo } from "./mountinfo.ts";
import { readCgroupPaths, readMountinfo } from "./procfs.ts";
import type { CgroupMembership } from "./proctext.ts";

/** include/uapi/linux/magic.h, by cgroup version. */
const superMagic = { 1: 0x27e0eb, 2: 0x63677270 } as const;

export interface CgroupMount {
  /** `unified`, the controllers (`cpu,cpuacct`) or the name (`name=systemd`), in the kernel's own spelling. */
  readonly id: string;
  readonly version: 1 | 2;
  readonly controllers: readonly string[];
  readonly mountPoint: string;
  /** The cgroup that is visible at the mount point: `/`, but for a bind mount or a foreign cgroup namespace. */
  readonly root: string;
  /** The helper's own cgroup, in the same terms as `root`. */
  readonly ownPath: string;
}

export interface CgroupMounts {
  readonly mode: CgroupMode;
  readonly hierarchies: readonly CgroupMount[];
}

/**
 * The hierarchies of this machine and where they are mounted. /proc/self/cgroup says which exist and
 * which controllers are mounted together; mountinfo says where; statfs says whether the mount is still
 * what lies on top there. A hierarchy that is mounted nowhere is left out: nothing can be read of it.
 */
export function readCgroupMounts(): CgroupMounts {
  const memberships = readCgroupPaths("self") ?? [];
  const mounts = readMountinfo("self") ?? [];
  return describeCgroupMounts(memberships, mounts, isCgroupFileSystem, readControllers);
}

/** The pure part: which membership is mounted where. `controllersAt` reads `cgroup.controllers` of a version 2 mount. */
export function describeCgroupMounts(
  memberships: readonly CgroupMembership[],
  mounts: readonly MountInfo[],
  visible: (mountPoint: string, version: 1 | 2) => boolean,
  controllersAt: (directory: string) => readonly string[],
): CgroupMounts {
  const hierarchies = memberships.flatMap((membership): readonly CgroupMount[] => {
    const version = membership.hierarchy === 0 ? 2 : 1;
    const mount = mounts
      .filter((candidate) => carries(candidate, membership, version))
      .filter((candidate) => visible(candidate.mountPoint, version))
      .sort(byReach)[0];
    if (!mount) return [];
    const { mountPoint, root } = mount;
    const controllers =
      version === 2 ? controllersAt(mountPoint) : membership.controllers.filter(isController);
    const id = hierarchyId(membership);
    return [{ id, version, controllers, mountPoint, root, ownPath: membership.path }];
  });
  return { mode: modeOf(hierarchies), hierarchies: hierarchies.sort(byKernelOrder) };
}

/** How a hierarchy is called everywhere: CgroupMount.id. */
export function hierarchyId({
  hierarchy,
  controllers,
}: Pick<CgroupMembership, "hierarchy" | "controllers">): string {
  return hierarchy === 0 ? "unified" : controllers.join(",");
}

/**
 * The directory of a cgroup path (in the terms of /proc/PID/cgroup) below a mount; undefined when it
 * cannot be seen there, or lies outside the helper's cgroup namespace (`/..`).
 */
export function cgroupDirectory(
  mount: Pick<CgroupMount, "mountPoint" | "root">,
  path: string,
): string | undefined {
  if (leavesNamespace(path) || leavesNamespace(mount.root)) return undefined;
  const relative = posix.relative(mount.root, path);
  return leavesNamespace(`/${relative}`) ? undefined : join(mount.mountPoint, relative);
}

function leavesNamespace(path: string): boolean {
  return path === "/.." || path.startsWith("/../");
}

/** The controllers that a version 2 cgroup offers to its children; empty when the file is absent. */
export function readControllers(directory: string): readonly string[] {
  return (readCgroupFile(directory, "cgroup.controllers") ?? "").split(/\s+/).filter(Boolean);
}

/**
 * A file of a cgroup; undefined when the cgroup or the file is absent, or has no answer here
 * (EOPNOTSUPP: cgroup.procs of a threaded cgroup, cgroups(7)).
 */
export function readCgroupFile(directory: string, file: string): string | undefined {
  try {
    return readFileSync(join(directory, file), "utf8");
  } catch (error) {
    if (absentErrnos.has(errnoOf(error))) return undefined;
    throw error;
  }
}

/**
 * Writes a file of a cgroup; answers the errno name, or undefined when the kernel took it. Opened
 * without O_CREAT: a file that the kernel does not offer is then ENOENT instead of EACCES.
 */
export function writeCgroupFile(directory: string, file: string, text: string): string | undefined {
  try {
    writeFileSync(join(directory, file), text, { flag: "r+" });
    return undefined;
  } catch (error) {
    return errnoOf(error);
  }
}

/** Names of the cgroups directly below; empty when the cgroup is gone. */
export function childCgroups(directory: string): readonly string[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
}

const absentErrnos: ReadonlySet<string> = new Set([
  "ENOENT",
  "ENOTDIR",
  "ENODEV",
  "EOPNOTSUPP",
  "ENOTSUP",
]);

/** Ids of the processes directly in a cgroup; a recycled id may be listed twice (cgroup-v2.rst). */
export function readCgroupProcesses(directory: string): readonly number[] {
  const text = readCgroupFile(directory, "cgroup.procs") ?? "";
  return [...new Set(text.split("\n").filter(Boolean).map(Number))];
}

function carries(mount: MountInfo, { controllers }: CgroupMembership, version: 1 | 2): boolean {
  if (version === 2) return mount.fileSystem === "cgroup2";
  if (mount.fileSystem !== "cgroup" || controllers.length === 0) return false;
  return controllers.every((controller) => mount.superOptions.includes(controller));
}

/** A mount of the whole hierarchy first, then the shortest path: bind mounts show a part, or the same again. */
function byReach(a: MountInfo, b: MountInfo): number {
  return a.root.length - b.root.length || a.mountPoint.length - b.mountPoint.length;
}

function byKernelOrder(a: CgroupMount, b: CgroupMount): number {
  return b.version - a.version || Number(isNamed(a)) - Number(isNamed(b)) || compare(a.id, b.id);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function isNamed(hierarchy: CgroupMount): boolean {
  return hierarchy.controllers.length === 0;
}

function isController(token: string): boolean {
  return !token.startsWith("name=");
}

/** Named hierarchies only group processes (systemd's, elogind's): they limit nothing, so they decide nothing here. */
function modeOf(hierarchies: readonly CgroupMount[]): CgroupMode {
  const unified = hierarchies.some(({ version }) => version === 2);
  const legacy = hierarchies.some((hierarchy) => hierarchy.version === 1 && !isNamed(hierarchy));
  if (unified) return legacy ? "hybrid" : "v2";
  return hierarchies.length > 0 ? "v1" : "none";
}

/** Another file system may have been mounted over it: then the paths below mean something else. */
export function isCgroupFileSystem(directory: string, version: 1 | 2): boolean {
  try {
    return statfsSync(directory).type === superMagic[version];
  } catch {
    return false;
  }
}
