import { closeSync, fstatSync, openSync } from "node:fs";
import { KernelError } from "../kernel/errors.ts";
import { namespaceOwnerUid, namespaceUserns } from "../kernel/libc.ts";
import type { NamespaceType } from "../protocol/namespaces.ts";

/**
 * The uid that made the user namespace which owns this namespace (for a user namespace: which made
 * itself), in the helper's ids: ioctl_nsfs(2). `pid` is a member. Undefined when the member has left,
 * or when the owner lies outside the helper's own user namespace.
 */
export function ownerUid(
  pid: number | undefined,
  type: NamespaceType,
  inode: number,
): number | undefined {
  if (pid === undefined) return undefined;
  return withDescriptor(
    () => openSync(`/proc/${pid}/ns/${type}`, "r"),
    (fd) => {
      if (fstatSync(fd).ino !== inode) return undefined;
      return type === "user"
        ? namespaceOwnerUid(fd)
        : withDescriptor(() => namespaceUserns(fd), namespaceOwnerUid);
    },
  );
}

/** Closes what it opened; an answer of the kernel that is no descriptor or no uid is undefined here. */
function withDescriptor<T>(open: () => number, use: (fd: number) => T): T | undefined {
  let fd: number | undefined;
  try {
    fd = open();
    return use(fd);
  } catch (error) {
    if (error instanceof KernelError || isSystemError(error)) return undefined;
    throw error;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && "errno" in error;
}
