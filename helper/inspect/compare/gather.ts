import { initialNamespaces } from "../../inventory/namespaces/initial.ts";
import { readLsmLabel } from "../../kernel/confinement.ts";
import { visibleMounts } from "../../kernel/hostPaths.ts";
import { readGroups, userName } from "../../kernel/identity.ts";
import { type Known, tryToKnow } from "../../kernel/known.ts";
import type { MountInfo } from "../../kernel/mountinfo.ts";
import {
  namespaceLinks,
  readCgroupPaths,
  readIdMap,
  readMountinfo,
  readProcessLink,
  readStatus,
} from "../../kernel/procfs.ts";
import type { ProcessIds, ProcessStatus } from "../../kernel/proctext.ts";
import { capabilityNames } from "../../protocol/capabilities.ts";
import { namespaceTypes } from "../../protocol/namespaces.ts";
import { printable } from "../../protocol/printable.ts";
import { readEnvironment } from "./environment.ts";
import type { ComparedFacts, FactTable } from "./facts.ts";

/** What the files of /proc/PID tell; limits and settings of namespaces are read elsewhere. */
export type ProcessFacts = Omit<ComparedFacts, "limits" | "sysctls">;

/** Whoever asks looks afterwards whether it is the same process still. */
export function gatherProcessFacts(pid: number): ProcessFacts {
  const status = readStatus(pid);
  return {
    namespaces: namespacesOf(pid),
    identity: known(status && identityOf(pid, status)),
    privileges: attempt(() => status && privilegesOf(pid, status)),
    files: known(filesOf(pid)),
    mounts: attempt(() => mountsOf(readMountinfo(pid))),
    cgroups: known(cgroupsOf(pid)),
    environment: attempt(() => readEnvironment(pid)),
  };
}

function known(facts: FactTable | undefined): Known<FactTable> {
  return facts ? { known: true, value: facts } : { known: false, why: "it has ended" };
}

function attempt(read: () => FactTable | undefined): Known<FactTable> {
  const answer = tryToKnow(read);
  return answer.known ? known(answer.value) : answer;
}

function namespacesOf(pid: number): Known<FactTable> {
  const links = namespaceLinks(pid);
  if (typeof links !== "object")
    return { known: false, why: links === "denied" ? "EACCES" : "it has ended" };
  const initial = initialNamespaces();
  const word = (inode: number) => (initial.has(inode) ? `${inode} the host's` : `${inode}`);
  return known(
    new Map(
      namespaceTypes
        .filter((type) => links[type] !== 0)
        .map((type) => [type, word(links[type])] as const),
    ),
  );
}

function identityOf(pid: number, { uid, gid, groups }: ProcessStatus): FactTable {
  const names = readGroups();
  const groupName = (id: number) => printable(names.get(id)?.name ?? `${id}`);
  return new Map([
    ["user", printable(userName(uid.effective))],
    ["user ids", idWords(uid)],
    ["group", groupName(gid.effective)],
    ["group ids", idWords(gid)],
    ["other groups", groups.map(groupName).join(" ") || "none"],
    ["user id map", mapWords(pid, "uid_map")],
    ["group id map", mapWords(pid, "gid_map")],
  ]);
}

/** One number where all four are the same. */
function idWords({ real, effective, saved, fileSystem }: ProcessIds): string {
  const isPlain = [real, saved, fileSystem].every((id) => id === effective);
  return isPlain
    ? `${effective}`
    : `real ${real} effective ${effective} saved ${saved} file system ${fileSystem}`;
}

function mapWords(pid: number, file: "uid_map" | "gid_map"): string {
  const lines = readIdMap(pid, file);
  return lines.map((line) => line.join(" ")).join(", ") || "none";
}

const capabilitySets = ["effective", "permitted", "bounding", "inheritable", "ambient"] as const;
const seccompModes = ["off", "strict", "filter"] as const;

function privilegesOf(pid: number, status: ProcessStatus): FactTable {
  const { noNewPrivileges, seccomp, seccompFilters } = status;
  const mode = seccompModes[seccomp] ?? "filter";
  return new Map([
    ["no_new_privs", noNewPrivileges ? "set" : "not set"],
    ["seccomp", seccompFilters ? `${mode}, ${seccompFilters} attached` : mode],
    ["security label", printable(readLsmLabel(pid) ?? "none")],
    ...capabilitiesOf(status),
  ]);
}

/** `CAP_CHOWN`: in which sets it is. */
function capabilitiesOf({ capabilities }: ProcessStatus): FactTable {
  const sets = new Map<string, string>();
  for (const set of capabilitySets) {
    for (const name of capabilityNames(capabilities[set])) {
      const key = `CAP_${name.toUpperCase()}`;
      sets.set(key, [sets.get(key), set].filter(Boolean).join(" "));
    }
  }
  return sets;
}

const links = { root: "root", "working directory": "cwd", executable: "exe" } as const;

function filesOf(pid: number): FactTable {
  return new Map(
    Object.entries(links).map(([name, link]) => {
      const target = readProcessLink(pid, link);
      return [name, target === undefined ? "not told" : printable(target)] as const;
    }),
  );
}

/** By mount point; of several at one point the last covers the others. */
function mountsOf(mounts: readonly MountInfo[] | undefined): FactTable | undefined {
  return (
    mounts &&
    new Map(
      visibleMounts(mounts).map(
        (mount) => [printable(mount.mountPoint), mountWords(mount)] as const,
      ),
    )
  );
}

/** `ext4 /dev/vda[/srv] ro,nosuid` */
function mountWords({ fileSystem, source, root, options }: MountInfo): string {
  const from = root === "/" ? source : `${source}[${root}]`;
  return printable(`${fileSystem} ${from} ${options}`);
}

function cgroupsOf(pid: number): FactTable | undefined {
  const memberships = readCgroupPaths(pid);
  return (
    memberships &&
    new Map(
      memberships.map(({ hierarchy, controllers, path }) => [
        hierarchy === 0 ? "unified" : printable(controllers.join(",")),
        printable(path),
      ]),
    )
  );
}
