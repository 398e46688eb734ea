import { lstatSync, readlinkSync } from "node:fs";
import { readMountinfo } from "../kernel/procfs.ts";

/** What of the host a sandbox with `rootfs: host` sees, read-only: its programs and their configuration. */
const systemDirectories = [
  "/usr",
  "/bin",
  "/sbin",
  "/lib",
  "/lib32",
  "/lib64",
  "/libx32",
  "/etc",
  "/opt",
] as const;

export interface HostDirectory {
  readonly kind: "directory";
  readonly path: string;
  /** Something is mounted in it, as engines do with /etc/hosts in their containers. */
  readonly holdsMounts: boolean;
}

export type HostEntry =
  | HostDirectory
  | { readonly kind: "symlink"; readonly path: string; readonly to: string };

/** On a host with merged /usr, /bin and /lib are links; they are made again rather than mounted. */
export function readHostView(): readonly HostEntry[] {
  const mounts = readMountinfo("self") ?? [];
  return systemDirectories.flatMap((path): HostEntry[] => {
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found?.isSymbolicLink()) return [{ kind: "symlink", path, to: readlinkSync(path) }];
    if (!found?.isDirectory()) return [];
    const holdsMounts = mounts.some(({ mountPoint }) => mountPoint.startsWith(`${path}/`));
    return [{ kind: "directory", path, holdsMounts }];
  });
}
