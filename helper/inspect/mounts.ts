import { errnoOf, isDenied } from "../kernel/errors.ts";
import type { MountInfo } from "../kernel/mountinfo.ts";
import { readMountinfo } from "../kernel/procfs.ts";
import { TerrariumError } from "../protocol/errors.ts";
import type { MountFact, MountList } from "../protocol/inventory.ts";
import { printable } from "../protocol/printable.ts";

/** Nobody reads more, and a sandbox may make 100,000 (fs.mount-max). */
const mostMounts = 500;

/**
 * The mounts that a process sees, in the order in which they were made; targets are relative to its own
 * root. Throws noSuchProcess, processDenied.
 */
export function readMounts(pid: number): MountList {
  const all = readOf(pid);
  const mounts = all.slice(0, mostMounts).map(mountFact);
  return { mounts, mountsLeftOut: all.length - mounts.length };
}

function readOf(pid: number): readonly MountInfo[] {
  try {
    const mounts = readMountinfo(pid);
    if (mounts) return mounts;
  } catch (error) {
    if (isDenied(error)) throw new TerrariumError("processDenied", { pid, errno: errnoOf(error) });
    // proc_namespace.c: EINVAL is a process that ended and waits for its parent; it has no mounts any more.
    if (errnoOf(error) !== "EINVAL") throw error;
  }
  throw new TerrariumError("noSuchProcess", { pid });
}

/** `source[/directory]` for a bind mount, as findmnt(8) writes it. */
function mountFact({ mountPoint, source, root, fileSystem, options }: MountInfo): MountFact {
  return {
    target: printable(mountPoint),
    source: printable(root === "/" ? source : `${source}[${root}]`),
    fileSystem: printable(fileSystem),
    options,
  };
}
