import { lstatSync, readlinkSync, realpathSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { readMountinfo } from "../../kernel/procfs.ts";

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

/** Where a name server's address is, and where a link in /etc leads to it. */
export interface Resolver {
  readonly source: string;
  readonly target: string;
}

/**
 * With systemd-resolved /etc/resolv.conf is a link to below /run, which is the sandbox's own inside. Only what a
 * stranger on the host may read, too: with each directory above.
 */
export function readResolver(file = "/etc/resolv.conf", run = "/run"): Resolver | undefined {
  try {
    const source = realpathSync(file);
    const target = resolve(dirname(file), readlinkSync(file));
    const isOpen = statSync(source).isFile() && (statSync(source).mode & 0o004) !== 0;
    const below = [source, target].every((path) => path.startsWith(`${run}/`));
    return isOpen && below && isReachable(dirname(source)) ? { source, target } : undefined;
  } catch {
    return undefined;
  }
}

function isReachable(directory: string): boolean {
  if ((statSync(directory).mode & 0o001) === 0) return false;
  return directory === "/" || isReachable(dirname(directory));
}
