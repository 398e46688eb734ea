import { lstatSync, realpathSync, statSync } from "node:fs";
import { isAbsolute, join, relative, resolve } from "node:path";
import { TerrariumError } from "../protocol/errors.ts";
import type { SandboxSpec } from "../protocol/schemas.ts";

/** Mount points that the launcher makes itself; a bind over or below them would undo what they hide. */
const ownMountPoints = ["/", "/proc", "/sys", "/dev", "/run"] as const;

/** The machine's own: a writable view of one of these as a "workspace" is a mistake, whoever makes it. */
const systemTrees = ["/bin", "/boot", "/etc", "/lib", "/lib32", "/lib64", "/sbin"] as const;
const systemRoots = ["/home", "/opt", "/srv", "/usr", "/var", ...systemTrees] as const;

/** Refuses, before anything is made, what could never work or would open what a sandbox hides. */
export function checkPaths(spec: SandboxSpec, home: string): void {
  if (spec.rootfs.type === "directory") requireDirectory(spec.rootfs.path);
  if (spec.workspace) checkWorkspace(spec.workspace, home);
  for (const { source, target } of spec.mounts) {
    requireExists(source);
    refuseOwnMountPoint(target);
  }
}

function checkWorkspace(workspace: string, home: string): void {
  requireDirectory(workspace);
  refuseOwnMountPoint(workspace);
  // What gets mounted is what the path leads to, so a link to the home directory is the home directory.
  const real = realpathSync(workspace);
  if (contains(real, realPath(home))) {
    refuse(
      workspace,
      "it holds your home directory, which a sandbox hides; open a folder below it",
    );
  }
  if (isSystem(real) || isSystem(resolve(workspace))) {
    refuse(workspace, "it is part of the system, which a sandbox may read and not write");
  }
}

function isSystem(path: string): boolean {
  return (
    systemRoots.some((root) => path === root) || systemTrees.some((tree) => contains(tree, path))
  );
}

/** The path without links; one that does not exist is itself. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function refuseOwnMountPoint(target: string): void {
  const normal = resolve(target);
  const own = ownMountPoints.find(
    (path) => normal === path || (path !== "/" && contains(path, normal)),
  );
  if (own) refuse(target, `${own} inside a sandbox is the sandbox's own`);
}

/** True when `inner` is `outer` or below it. */
export function contains(outer: string, inner: string): boolean {
  const path = relative(outer, inner);
  return path === "" || (path !== ".." && !path.startsWith("../") && !isAbsolute(path));
}

function requireDirectory(path: string): void {
  if (!requireExists(path).isDirectory()) refuse(path, "it is not a directory");
}

function requireExists(path: string) {
  try {
    return statSync(path);
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
