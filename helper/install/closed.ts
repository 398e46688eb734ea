import { lstatSync } from "node:fs";
import { dirname } from "node:path";

const othersWrite = 0o022;

/**
 * Why somebody other than root could change what lies at a path: a part of it that is not root's, that others may
 * write to, or that is a link. Undefined where nobody can. What is not there yet, root will make.
 */
export function whyOpen(path: string): string | undefined {
  const above = dirname(path);
  const reason = above === path ? undefined : whyOpen(above);
  if (reason !== undefined) return reason;
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return undefined;
  if (found.isSymbolicLink()) return `${path} is a link`;
  if (found.uid !== 0) return `${path} belongs to user ${found.uid}`;
  if ((found.mode & othersWrite) !== 0) return `${path} can be written to by others than root`;
  return undefined;
}

/** For what root is going to write to, or to run. */
export function assertClosed(path: string): void {
  const reason = whyOpen(path);
  if (reason !== undefined) {
    throw new Error(
      `${path}: not written, because ${reason}. Nothing there would stay root's alone.`,
    );
  }
}
