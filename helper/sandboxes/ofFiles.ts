import { namespaceLinks } from "../kernel/procfs.ts";
import { isAlive } from "./reconcile.ts";
import type { SandboxRecord } from "./record.ts";

/**
 * The sandbox of ours whose files a process sees. One that somebody still answers for: the kernel gives the inode of a
 * namespace that has ended to a later one, and what ended may still have its record. While its monitor cleans up it has not.
 */
export function sandboxOfFiles(
  records: readonly SandboxRecord[],
  pid: number,
): SandboxRecord | undefined {
  const links = namespaceLinks(pid);
  if (typeof links !== "object") return undefined;
  return records.find((record) => record.namespaces["mnt"] === links.mnt && isAlive(record));
}
