import { lstatSync, realpathSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { wantedDevice } from "../protocol/devices.ts";
import { TerrariumError } from "../protocol/errors.ts";
import type { SandboxSpec } from "../protocol/schemas.ts";
import { contains, realPath, refuseLeadingOut } from "./containment.ts";

/** Mount points that the launcher makes itself; a bind over or below them would undo what they hide. */
const ownMountPoints = ["/", "/proc", "/sys", "/dev", "/run"] as const;

/** What runs: sockets of root's services, devices, other processes. */
const liveTrees = ["/proc", "/sys", "/dev", "/run"] as const;

/** The machine's own: a writable view of one of these as a "workspace" is a mistake, whoever makes it. */
const programs = ["/bin", "/lib", "/lib32", "/lib64", "/libx32", "/sbin"] as const;
const systemTrees = ["/boot", "/etc", ...programs, ...programs.map((path) => `/usr${path}`)];
const systemRoots = ["/home", "/opt", "/srv", "/usr", "/var", ...systemTrees];

/** Each path of the host in a spec, and where it led when it was checked: a path without links. */
export type Sources = ReadonlyMap<string, string>;

/** What no folder of a sandbox's may hold: the user's home directory, and the helper's own state. */
export interface Hidden {
  readonly home: string;
  readonly state: string;
}

/**
 * Refuses, before anything is made, what could never work or would open what a sandbox hides. Answers what
 * was looked at: only that may be mounted, for a link may change at any time (the launcher refuses links).
 */
export function checkPaths(spec: SandboxSpec, hidden: Hidden): Sources {
  const sources = new Map<string, string>();
  const add = (path: string, real: string) => sources.set(path, real);
  if (spec.rootfs.type === "directory") add(spec.rootfs.path, checkRoot(spec.rootfs.path, hidden));
  if (spec.rootfs.type === "tarball") add(spec.rootfs.path, existingFile(spec.rootfs.path));
  if (spec.workspace) add(spec.workspace, checkWorkspace(spec.workspace, hidden));
  for (const mount of spec.mounts) {
    if (mount.type === "bind") add(mount.source, existing(mount.source));
    checkTarget(mount.type, mount.target);
  }
  for (const text of spec.devices ?? []) {
    const { source } = wantedDevice(text);
    add(source, existing(source));
  }
  for (const place of writablePlaces(spec)) refuseLeadingOut(place, sources.keys());
  return sources;
}

/** Where programs of this sandbox, or of one before it with the same spec, can put a link. */
function writablePlaces({ rootfs, workspace, mounts, overlay }: SandboxSpec): readonly string[] {
  return [
    ...(rootfs.type === "directory" && overlay === "none" ? [rootfs.path] : []),
    ...(workspace === undefined ? [] : [workspace]),
    ...mounts.flatMap((mount) => (mount.type === "bind" && !mount.readOnly ? [mount.source] : [])),
  ];
}

function checkRoot(path: string, hidden: Hidden): string {
  const real = existingDirectory(path);
  refuseHidden(path, real, hidden);
  return real;
}

function checkWorkspace(workspace: string, hidden: Hidden): string {
  // What gets mounted is what the path leads to, so a link to the home directory is the home directory.
  const real = existingDirectory(workspace);
  refuseOwnMountPoint(workspace);
  refuseHidden(workspace, real, hidden);
  if (liveTrees.some((tree) => contains(tree, real))) {
    refuse(workspace, "it leads to sockets, devices or processes of the running system");
  }
  if (isSystem(real) || isSystem(resolve(workspace))) {
    refuse(workspace, "it is part of the system, which a sandbox may read and not write");
  }
  return real;
}

function refuseHidden(path: string, real: string, { home, state }: Hidden): void {
  if (contains(real, realPath(home))) {
    refuse(path, "it holds your home directory, which a sandbox hides; open a folder below it");
  }
  if (contains(real, realPath(state)))
    refuse(path, "it holds the sockets and records of sandboxes");
}

function isSystem(path: string): boolean {
  return (
    systemRoots.some((root) => path === root) || systemTrees.some((tree) => contains(tree, path))
  );
}

/** What may stand in a place of the sandbox's own: it opens nothing there. */
const allowedTargets: {
  readonly [type in SandboxSpec["mounts"][number]["type"]]?: readonly string[];
} = {
  tmpfs: ["/run", "/dev/shm"],
  sysfs: ["/sys"],
  cgroup: ["/sys/fs/cgroup"],
  mqueue: ["/dev/mqueue"],
};

function checkTarget(type: SandboxSpec["mounts"][number]["type"], target: string): void {
  const allowed = allowedTargets[type] ?? [];
  if (!allowed.some((path) => contains(path, resolve(target)))) refuseOwnMountPoint(target);
}

function refuseOwnMountPoint(target: string): void {
  const normal = resolve(target);
  const own = ownMountPoints.find(
    (path) => normal === path || (path !== "/" && contains(path, normal)),
  );
  if (own) refuse(target, `${own} inside a sandbox is the sandbox's own`);
}

function existingDirectory(path: string): string {
  const real = existing(path);
  if (!statSync(real).isDirectory()) refuse(path, "it is not a directory");
  return real;
}

function existingFile(path: string): string {
  const real = existing(path);
  if (!statSync(real).isFile()) refuse(path, "it is not a file");
  return real;
}

/** The path without links. */
function existing(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return refuse(path, code === "ENOENT" ? "there is no such file or directory" : `${code}`);
  }
}

function refuse(path: string, reason: string): never {
  throw new TerrariumError("pathRefused", { path, reason });
}

/**
 * What a program inside must not change because the host runs it later: git's hooks and configuration, the
 * editor's settings and tasks, the spec of the next sandbox. `.git` itself becomes a mount point, so that it cannot be renamed away and
 * made anew; where it is a file (a worktree, a submodule) it names the directory that git trusts.
 */
export function protections(workspace: string): {
  readonly pinned: readonly string[];
  readonly readOnly: readonly string[];
} {
  const git = join(workspace, ".git");
  const editor = join(workspace, ".vscode");
  const spec = join(workspace, "sandbox.json");
  const found = lstatSync(git, { throwIfNoEntry: false });
  if (found?.isFile()) return { pinned: [], readOnly: [git, editor, spec] };
  return { pinned: [git], readOnly: [join(git, "hooks"), join(git, "config"), editor, spec] };
}
