import { environmentOptions } from "../launch/environment.ts";
import { parseDuration } from "../protocol/duration.ts";
import type { SandboxSpec, Stdio } from "../protocol/schemas.ts";
import type { HostEntry } from "./hostView.ts";
import type { IdMap, SandboxIdentity } from "./identity.ts";
import type { Sources } from "./paths.ts";
import { homeInside, mountOption, planMounts } from "./plannedMounts.ts";
import { planPrivileges, privilegeOptions } from "./privileges.ts";
import { processOptions } from "./startOrder.ts";

/** All that a launch depends on, gathered beforehand: the plan is a pure function of it. */
export interface PlanFacts {
  readonly spec: SandboxSpec;
  /** Where the spec's paths of the host lead. */
  readonly sources: Sources;
  readonly identity: SandboxIdentity;
  readonly hostname: string;
  readonly hostView: readonly HostEntry[];
  readonly protections: {
    readonly pinned: readonly string[];
    readonly readOnly: readonly string[];
  };
  readonly cgroupDirectories: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly stdio: Stdio;
  /** Uid and gid that may attach. */
  readonly owner: readonly [uid: number, gid: number];
  readonly socket: string | undefined;
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
    ...["--hostname", facts.hostname],
    ...["--uid", `${identity.uid}`, "--gid", `${identity.gid}`],
    ...["--uid-map", idMapLine(identity.uidMap), "--gid-map", idMapLine(identity.gidMap)],
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
    ...["--state-dir", facts.stateDirectory, ...(facts.keepState ? ["--keep-state"] : [])],
  ];
}

function idMapLine(map: IdMap): string {
  return map.join(" ");
}

/** Where the command begins. */
export function workdirInside(facts: PlanFacts): string {
  return facts.spec.workdir ?? facts.spec.workspace ?? homeInside(facts);
}
