import { namespaceLinks } from "../kernel/procfs.ts";
import { isRunning } from "./reconcile.ts";
import type { SandboxRecord } from "./record.ts";

/**
 * The sandbox of ours whose files a process sees. One that runs: the kernel gives the inode of a namespace that has ended
 * to a later one, and what ended may still have its record.
 */
export function sandboxOfFiles(
  records: readonly SandboxRecord[],
  pid: number,
): SandboxRecord | undefined {
  const links = namespaceLinks(pid);
  if (typeof links !== "object") return undefined;
  return records.find((record) => record.namespaces["mnt"] === links.mnt && isRunning(record));
}
