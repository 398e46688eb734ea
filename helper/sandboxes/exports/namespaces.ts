import { type NamespaceType, namespaceFacts, namespaceTypes } from "../../protocol/namespaces.ts";
import type { SandboxPlan } from "../../protocol/plan.ts";

/** Whose each namespace is, in the words of the other tools. */

export function isMade({ cloneFlags }: SandboxPlan, type: NamespaceType): boolean {
  return cloneFlags.includes(namespaceFacts[type].cloneFlag);
}

/** Its path where it is joined. */
function joinedPath({ joined }: SandboxPlan, type: NamespaceType): string | undefined {
  return joined.find((one) => one.type === type)?.path;
}

/** runtime-spec, config-linux.md: what is not listed is the runtime's own. */
const ociTypes: { readonly [type in NamespaceType]: string } = {
  pid: "pid",
  mnt: "mount",
  net: "network",
  user: "user",
  uts: "uts",
  ipc: "ipc",
  cgroup: "cgroup",
  time: "time",
};

export function ociNamespaces(plan: SandboxPlan): object[] {
  return namespaceTypes.flatMap((type) => {
    const path = joinedPath(plan, type);
    if (path !== undefined) return [{ type: ociTypes[type], path }];
    return isMade(plan, type) ? [{ type: ociTypes[type] }] : [];
  });
}

/** Docker's and Podman's flags; a mount and a time namespace are never another's there. */
const engineFlags: { readonly [type in NamespaceType]?: string } = {
  net: "--network",
  pid: "--pid",
  ipc: "--ipc",
  uts: "--uts",
  user: "--userns",
  cgroup: "--cgroupns",
};

/** Podman joins by path; Docker only containers of its own, which is a gap. */
export function engineNamespaces(plan: SandboxPlan, joinsPaths: boolean): string[][] {
  return namespaceTypes.flatMap((type) => {
    const flag = engineFlags[type];
    const path = joinedPath(plan, type);
    if (flag === undefined) return [];
    if (isMade(plan, type)) return type === "net" ? engineNetwork(plan) : [];
    if (path === undefined) return [[flag, "host"]];
    return joinsPaths ? [[flag, `ns:${path}`]] : [];
  });
}

function engineNetwork({ spec: { network, dns = [] } }: SandboxPlan): string[][] {
  const mode = network?.mode === "nat" ? "bridge" : "none";
  return [["--network", mode], ...dns.map((address) => ["--dns", address])];
}

export function engineNamespaceGaps(plan: SandboxPlan, joinsPaths: boolean): string[] {
  const lost = plan.joined.filter(({ type }) => !joinsPaths || engineFlags[type] === undefined);
  return [
    ...lost.map(({ type, path }) => `${type} namespace joined: ${path}`),
    ...(isMade(plan, "mnt") ? [] : ["somebody else's files: a container has files of its own"]),
    ...clockGaps(plan),
  ];
}

export function clockGaps(plan: SandboxPlan): string[] {
  if (!isMade(plan, "time")) return [];
  return ["a time namespace", ...plan.timeOffsets.map((line) => `time offset ${line}`)];
}

/** unshare(1), with the long option of each. */
export function unshareFlags(plan: SandboxPlan): string[] {
  const names: { readonly [type in NamespaceType]: readonly string[] } = {
    pid: ["--pid", "--fork", "--kill-child"],
    mnt: ["--mount"],
    net: ["--net"],
    user: ["--user", "--map-root-user"],
    uts: ["--uts"],
    ipc: ["--ipc"],
    cgroup: ["--cgroup"],
    time: ["--time", ...plan.timeOffsets.flatMap(unshareOffset)],
  };
  return namespaceTypes.flatMap((type) => (isMade(plan, type) ? names[type] : []));
}

/** Whole seconds only. */
function unshareOffset(line: string): string[] {
  const [clock, seconds = "0"] = line.split(" ");
  return [`--${clock}`, seconds];
}

/** nsenter(1), to put before a command that makes namespaces and joins none. */
export function withJoined({ joined }: SandboxPlan): string[][] {
  const words = joined.map(({ type, path }) => `--${nsenterName(type)}=${path}`);
  return words.length > 0 ? [["nsenter", ...words]] : [];
}

function nsenterName(type: NamespaceType): string {
  return type === "mnt" ? "mount" : type;
}
