import { resolve } from "node:path";
import { readMountinfo } from "../../kernel/procfs.ts";
import { TerrariumError } from "../../protocol/errors.ts";
import type { PlannedMount } from "../../protocol/plan.ts";
import type { SandboxSpec } from "../../protocol/schemas.ts";

/** Where Debian's package has it. Root's place: a file system of that name elsewhere may be anybody's. */
const place = "/var/lib/lxcfs";

/** lxcfs(1): each tells its reader of the limits of the cgroup that PID 1 of the reader's namespace is in. */
const figures = "cpuinfo diskstats loadavg meminfo slabinfo stat swaps uptime".split(" ");

/** Over the host's figures, so that free(1) and top(1) count what the sandbox may use. */
export function figureMounts({ lxcfs }: SandboxSpec): PlannedMount[] {
  if (!lxcfs) return [];
  return figures.map((name) => ({
    kind: "bind",
    source: `${place}/proc/${name}`,
    target: `/proc/${name}`,
    readOnly: true,
  }));
}

const processors = "/sys/devices/system/cpu/online";

/**
 * What sysconf(3) counts processors by. Over the sandbox's sysfs, so after the spec's mounts; and in a root of our own
 * also without one. In a directory of the user's nothing is made for it.
 */
export function processorMounts({ lxcfs, mounts, rootfs }: SandboxSpec): PlannedMount[] {
  const sysfs = mounts.some(({ type, target }) => type === "sysfs" && resolve(target) === "/sys");
  if (!lxcfs || !(sysfs || rootfs.type === "host")) return [];
  return [{ kind: "bind", source: `${place}${processors}`, target: processors, readOnly: true }];
}

/** Throws invalidRequest. */
export function checkLxcfs({ lxcfs, namespaces }: SandboxSpec): void {
  if (!lxcfs) return;
  if ((namespaces.mnt ?? "new") !== "new" || (namespaces.pid ?? "new") !== "new") {
    throw refused("lxcfs needs files and processes of the sandbox's own: leave it out.");
  }
  const mounts = readMountinfo("self") ?? [];
  const isThere = mounts.some(
    ({ fileSystem, mountPoint }) => fileSystem === "fuse.lxcfs" && mountPoint === place,
  );
  if (isThere) return;
  throw refused(
    `lxcfs does not run here (nothing of type fuse.lxcfs is mounted at ${place}): apt-get install lxcfs, then systemctl start lxcfs.`,
  );
}

function refused(reason: string): TerrariumError {
  return new TerrariumError("invalidRequest", { reason });
}
