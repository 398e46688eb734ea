import { environmentOptions } from "../../launch/environment.ts";
import { parseDuration } from "../../protocol/duration.ts";
import { type NamespaceType, namespaceTypes } from "../../protocol/namespaces.ts";
import type { SandboxSpec, Stdio } from "../../protocol/schemas.ts";
import { clocks, defaultChoice, isNew, namespaceChoice } from "../../protocol/sharing.ts";
import type { SandboxIdentity } from "../identity/identity.ts";
import type { Sources } from "../paths.ts";
import type { HostEntry, Resolver } from "./hostView.ts";
import { homeInside, mountOption, planMounts } from "./plannedMounts.ts";
import { planPrivileges, privilegeOptions } from "./privileges.ts";
import { processOptions } from "./startOrder.ts";

/** A namespace to join, and where the launcher finds it. */
export interface JoinedFile {
  readonly type: NamespaceType;
  readonly path: string;
}

/** All that a launch depends on, gathered beforehand: the plan is a pure function of it. */
export interface PlanFacts {
  readonly spec: SandboxSpec;
  /** Where the spec's paths of the host lead. */
  readonly sources: Sources;
  readonly identity: SandboxIdentity;
  readonly hostname: string;
  readonly joined: readonly JoinedFile[];
  readonly hostView: readonly HostEntry[];
  readonly resolver?: Resolver | undefined;
  /** /etc/resolv.conf of a sandbox with a way out of its own, and where it is. */
  readonly nameServers?: { readonly source: string; readonly target: string } | undefined;
  readonly protections: {
    readonly pinned: readonly string[];
    readonly readOnly: readonly string[];
  };
  /** Where the sandbox's layer is kept, when it is. */
  readonly layer: string | undefined;
  readonly cgroupDirectories: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly stdio: Stdio;
  /** Uid and gid that may attach. */
  readonly owner: readonly [uid: number, gid: number];
  readonly socket: string | undefined;
  /** Its walls on the host, where it has a link. */
  readonly nftTable?: string | undefined;
  readonly stateDirectory: string;
  readonly keepState: boolean;
  /** Host pid with which the sandbox ends. */
  readonly dieWith?: number | undefined;
}

/** The launcher's options for `run`, in the order of the kernel's rules. */
export function planRun(facts: PlanFacts): readonly string[] {
  const { identity, spec } = facts;
  const mounts = planMounts(facts);
  return [
    ...namespaceOptions(spec, facts.joined),
    ...(isNew(spec.namespaces, "uts") ? ["--hostname", facts.hostname] : []),
    ...["--uid", `${identity.uid}`, "--gid", `${identity.gid}`],
    ...(isNew(spec.namespaces, "user") ? idMapOptions(identity) : []),
    ...privilegeOptions(spec, planPrivileges(spec, identity, mounts)),
    ...facts.cgroupDirectories.flatMap((directory) => ["--cgroup", directory]),
    ...mounts.flatMap(mountOption),
    ...(spec.readOnly ? ["--read-only-root"] : []),
    ...["--chdir", workdirInside(facts)],
    ...environmentOptions(facts.environment),
    ...(spec.processes ? processOptions(spec.processes) : []),
    ...(spec.init ? [] : ["--no-init"]),
    ...(facts.stdio === "tty" ? ["--tty"] : []),
    ...(facts.socket ? ["--listen", facts.socket, "--owner", facts.owner.join(":")] : []),
    ...(spec.timeout ? ["--timeout", `${parseDuration(spec.timeout)}`] : []),
    ...(facts.dieWith ? ["--die-with", `${facts.dieWith}`] : []),
    ...(facts.nftTable ? ["--nft-table", facts.nftTable] : []),
    ...["--state-dir", facts.stateDirectory, ...(facts.keepState ? ["--keep-state"] : [])],
  ];
}

/** What differs from the launcher's defaults. */
function namespaceOptions(
  { namespaces, timeOffsets }: SandboxSpec,
  joined: readonly JoinedFile[],
): string[] {
  const chosen = namespaceTypes.flatMap((type) => {
    const choice = namespaceChoice(namespaces, type);
    const how = typeof choice === "string" ? choice : joined.find((one) => one.type === type)?.path;
    return how === undefined || how === defaultChoice(type) ? [] : ["--namespace", type, how];
  });
  return [...chosen, ...offsetLines(timeOffsets).flatMap((line) => ["--time-offset", line])];
}

/** As in /proc/PID/timens_offsets: time_namespaces(7). */
export function offsetLines(offsets: SandboxSpec["timeOffsets"]): readonly string[] {
  return clocks.flatMap((clock) => {
    const offset = offsets?.[clock];
    return offset ? [`${clock} ${offset.secs} ${offset.nanosecs ?? 0}`] : [];
  });
}

function idMapOptions({ uidMap, gidMap }: SandboxIdentity): string[] {
  return [
    ...uidMap.flatMap((line) => ["--uid-map", line.join(" ")]),
    ...gidMap.flatMap((line) => ["--gid-map", line.join(" ")]),
  ];
}

/** Where the command begins. */
export function workdirInside(facts: PlanFacts): string {
  if (!isNew(facts.spec.namespaces, "mnt")) return facts.spec.workdir ?? "/";
  return facts.spec.workdir ?? facts.spec.workspace ?? homeInside(facts);
}
