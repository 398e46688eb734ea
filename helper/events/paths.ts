import { statSync } from "node:fs";
import { join, relative } from "node:path";
import type { CgroupMount } from "../kernel/cgroupfs.ts";

/** The cgroup namespace of the machine itself: PROC_CGROUP_INIT_INO, include/linux/proc_ns.h. */
const initialCgroupNamespace = 0xefff_fffb;

/** A directory as the kernel names it: below the root of its hierarchy, as far as this process can see. */
export function cgroupPath({ mountPoint, root }: CgroupMount, directory: string): string {
  return join(root, relative(mountPoint, directory));
}

/** True for the cgroup itself and all below. `logged` is a path of the kernel's log. */
export type Contains = (path: string, logged: string) => boolean;

/**
 * The log names cgroups from the top of the hierarchy. A helper in a cgroup namespace of its own does not know
 * what stands above its root: there the end decides, which for our own is an id that nobody else has.
 */
export function containment(namespaced = isNamespaced()): Contains {
  return (path, logged) => {
    if (path === "/") return true;
    const closed = `${logged}/`;
    return namespaced ? closed.includes(`${path}/`) : closed.startsWith(`${path}/`);
  };
}

function isNamespaced(): boolean {
  return statSync("/proc/self/ns/cgroup").ino !== initialCgroupNamespace;
}
