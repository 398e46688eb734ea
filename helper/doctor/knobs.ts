import { readMountinfo, readStatus } from "../kernel/procfs.ts";
import { readSysctl } from "./settings.ts";

/** What a host may forbid sandboxes by. The names under which that shows in an error are few. */
export interface Knobs {
  /** user.max_user_namespaces, of the user namespace that we are in. */
  readonly mostUserNamespaces: number | undefined;
  /** Debian's kernel.unprivileged_userns_clone. */
  readonly unprivilegedClone: number | undefined;
  /** Ubuntu's kernel.apparmor_restrict_unprivileged_userns. */
  readonly appArmorRestricts: number | undefined;
  /** A system-call filter is in force: an outer container's, or a service's. */
  readonly hasFilter: boolean;
  readonly noNewPrivileges: boolean;
  /** Mounts below /proc, with which an outer container hides files there. */
  readonly maskedProc: readonly string[];
}

export function readKnobs(): Knobs {
  const status = readStatus("self");
  const mounts = readMountinfo("self") ?? [];
  return {
    mostUserNamespaces: readSysctl("user.max_user_namespaces"),
    unprivilegedClone: readSysctl("kernel.unprivileged_userns_clone"),
    appArmorRestricts: readSysctl("kernel.apparmor_restrict_unprivileged_userns"),
    hasFilter: status?.seccomp === 2,
    noNewPrivileges: status?.noNewPrivileges ?? false,
    maskedProc: mounts.map(({ mountPoint }) => mountPoint).filter(isMask),
  };
}

/** Mounted by systemd on every machine; what is on an empty directory of procfs hides nothing from the kernel. */
const harmless = new Set(["/proc/sys/fs/binfmt_misc"]);

function isMask(mountPoint: string): boolean {
  return mountPoint.startsWith("/proc/") && !harmless.has(mountPoint);
}
