import { environmentOptions } from "../launch/environment.ts";
import { parseDuration } from "../protocol/duration.ts";
import type { SandboxSpec, Stdio } from "../protocol/schemas.ts";
import type { HostEntry } from "./hostView.ts";
import type { IdMap, SandboxIdentity } from "./identity.ts";

/** All that a launch depends on, gathered beforehand: the plan is a pure function of it. */
export interface PlanFacts {
  readonly spec: SandboxSpec;
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
  return [
    ...["--hostname", facts.hostname],
    ...["--uid", `${identity.uid}`, "--gid", `${identity.gid}`],
    ...["--uid-map", idMapLine(identity.uidMap), "--gid-map", idMapLine(identity.gidMap)],
    ...identity.capabilities.flatMap((name) => ["--keep-cap", name]),
    ...facts.cgroupDirectories.flatMap((directory) => ["--cgroup", directory]),
    ...rootOptions(facts),
    ...privateMounts(facts),
    ...workspaceOptions(facts),
    ...spec.mounts.flatMap(({ source, target, readOnly }) => [
      bind(facts, readOnly),
      source,
      target,
    ]),
    ...["--chdir", spec.workdir ?? spec.workspace ?? homeInside(facts)],
    ...environmentOptions(facts.environment),
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

function rootOptions({ spec, identity, hostView }: PlanFacts): string[] {
  if (spec.rootfs.type === "directory") {
    return [identity.idMappedBinds ? "--idmap-rootfs" : "--rootfs", spec.rootfs.path];
  }
  // Never id-mapped: root's 0600 files in /etc would become readable to the sandbox's root.
  return hostView.flatMap((entry) =>
    entry.kind === "symlink"
      ? ["--symlink", entry.to, entry.path]
      : ["--ro-bind", entry.path, entry.path],
  );
}

function privateMounts(facts: PlanFacts): string[] {
  const always = ["--proc", "/proc", "--dev", "/dev", "--tmpfs-shared", "/tmp", "--tmpfs", "/run"];
  if (facts.spec.rootfs.type === "directory") return always;
  return [
    ...always,
    "--tmpfs-shared",
    "/var/tmp",
    "--symlink",
    "/run",
    "/var/run",
    ...homeDirectory(homeInside(facts)),
  ];
}

/** Users without a home of their own, as nobody often is, have the root, which is there already. */
function homeDirectory(home: string): string[] {
  return home === "/" ? [] : ["--dir", home];
}

function workspaceOptions(facts: PlanFacts): string[] {
  const { workspace } = facts.spec;
  if (!workspace) return [];
  return [
    ...[bind(facts, false), workspace, workspace],
    ...facts.protections.pinned.flatMap((path) => ["--pin", path]),
    ...facts.protections.readOnly.flatMap((path) => ["--ro-protect", path]),
  ];
}

function bind({ identity }: PlanFacts, readOnly: boolean): string {
  const idMapped = identity.idMappedBinds ? "idmap-" : "";
  return readOnly ? `--ro-${idMapped}bind` : `--${idMapped}bind`;
}

function homeInside({ spec, identity }: PlanFacts): string {
  return spec.rootfs.type === "host" ? identity.home : "/";
}
