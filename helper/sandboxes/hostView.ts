import { lstatSync, readlinkSync } from "node:fs";

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

export type HostEntry =
  | { readonly kind: "directory"; readonly path: string }
  | { readonly kind: "symlink"; readonly path: string; readonly to: string };

/** On a host with merged /usr, /bin and /lib are links; they are made again rather than mounted. */
export function readHostView(): readonly HostEntry[] {
  return systemDirectories.flatMap((path): HostEntry[] => {
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found?.isSymbolicLink()) return [{ kind: "symlink", path, to: readlinkSync(path) }];
    return found?.isDirectory() ? [{ kind: "directory", path }] : [];
  });
}
