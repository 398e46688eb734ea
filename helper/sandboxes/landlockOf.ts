import { namespaceLinks } from "../kernel/procfs.ts";
import type { SandboxSpec } from "../protocol/schemas.ts";
import type { SandboxHost } from "./host.ts";
import { isRunning } from "./reconcile.ts";

/** The Landlock rules of the sandbox of ours whose files a process sees. */
export function landlockOf({ registry }: SandboxHost, pid: number): SandboxSpec["landlock"] {
  const links = namespaceLinks(pid);
  if (typeof links !== "object") return undefined;
  const record = registry.records().find(({ namespaces }) => namespaces["mnt"] === links.mnt);
  return record && isRunning(record) ? record.spec.landlock : undefined;
}
