import { processFact } from "../inventory/processes.ts";
import { userName } from "../kernel/identity.ts";
import {
  ageMs,
  type NamespaceLinks,
  namespaceLinks,
  readCgroupPaths,
  readProcessLink,
  readStatus,
} from "../kernel/procfs.ts";
import type { CgroupMembership } from "../kernel/proctext.ts";
import { capabilityNames } from "../protocol/capabilities.ts";
import { TerrariumError } from "../protocol/errors.ts";
import type { NamespaceShare, ProcessDetails } from "../protocol/inventory.ts";
import { namespaceTypes } from "../protocol/namespaces.ts";
import { printable } from "../protocol/printable.ts";

/** proc_pid_status(5), by the number in `Seccomp:`. */
const seccompModes = ["off", "strict", "filter"] as const;

/**
 * Everything that the kernel tells of one process: identity, namespaces, cgroups, privileges. Which
 * sandbox it is in, the registry knows. Throws noSuchProcess, processDenied.
 */
export function inspectProcess(pid: number): ProcessDetails {
  const namespaces = shares(readLinks(pid));
  const fact = processFact(pid);
  const status = readStatus(pid);
  const cgroups = readCgroupPaths(pid);
  if (!fact || !status || !cgroups) throw new TerrariumError("noSuchProcess", { pid });
  return {
    ...fact,
    user: userName(fact.uid),
    startedAtMs: Date.now() - ageMs(fact.startTimeTicks),
    executable: readLink(pid, "exe"),
    workingDirectory: readLink(pid, "cwd"),
    root: readLink(pid, "root"),
    namespaces,
    cgroups: Object.fromEntries(
      cgroups.map((cgroup) => [hierarchyId(cgroup), printable(cgroup.path)]),
    ),
    effectiveCapabilities: capabilityNames(status.capabilities.effective),
    boundingCapabilities: capabilityNames(status.capabilities.bounding),
    noNewPrivileges: status.noNewPrivileges,
    seccomp: seccompModes[status.seccomp] ?? "filter",
  };
}

function readLinks(pid: number): NamespaceLinks {
  const links = namespaceLinks(pid);
  if (links === "gone") throw new TerrariumError("noSuchProcess", { pid });
  if (links === "denied") throw new TerrariumError("processDenied", { pid, errno: "EACCES" });
  return links;
}

function shares(links: NamespaceLinks): readonly NamespaceShare[] {
  const own = namespaceLinks("self");
  return namespaceTypes
    .filter((type) => links[type] !== 0)
    .map((type) => ({
      type,
      inode: links[type],
      shared: typeof own === "object" && own[type] === links[type],
    }));
}

function readLink(pid: number, link: "exe" | "cwd" | "root"): string | undefined {
  const target = readProcessLink(pid, link);
  return target === undefined ? undefined : printable(target);
}

function hierarchyId({ hierarchy, controllers }: CgroupMembership): string {
  return hierarchy === 0 ? "unified" : printable(controllers.join(","));
}
