import { dockerLimits } from "../../protocol/dockerLimits.ts";
import {
  type CgroupLimitName,
  type Limits,
  limitFacts,
  spellLimit,
} from "../../protocol/limits.ts";
import type { PlannedMount, SandboxPlan } from "../../protocol/plan.ts";
import type { UlimitValue } from "../../protocol/privileges.ts";
import { quote } from "../../protocol/shellWords.ts";
import { tmpfsWords } from "../plan/plannedMounts.ts";
import { namedUlimits } from "../plan/privileges.ts";
import { engineNamespaceGaps, engineNamespaces, isMade } from "./namespaces.ts";
import { commonGaps, type ExportFacts, idMapGap, overlayGap, script } from "./script.ts";
import { unifiedFiles } from "./unifiedFiles.ts";

/** `docker run` and `podman run`: the same words, but for the few lines that `Engine` has. */
interface Engine {
  readonly name: "docker" | "podman";
  readonly identity: (plan: SandboxPlan) => readonly string[][];
  readonly gaps: (plan: SandboxPlan) => readonly string[];
  /** What it can say of a limit for which Docker has no flag. */
  readonly otherLimits: (limits: Limits, names: readonly CgroupLimitName[]) => readonly string[][];
  /** Whether it joins namespaces by path. */
  readonly joinsPaths: boolean;
}

export function dockerCommand(facts: ExportFacts): string {
  return engineCommand(facts, {
    name: "docker",
    identity: ({ uid, gid }) => [["--user", `${uid}:${gid}`]],
    gaps: (plan) =>
      isMade(plan, "user")
        ? [
            `its own user namespace (uid map ${plan.uidMap.join("; ")}): dockerd has one for all, --userns-remap`,
          ]
        : [],
    otherLimits: () => [],
    joinsPaths: false,
  });
}

export function podmanCommand(facts: ExportFacts): string {
  return engineCommand(facts, {
    name: "podman",
    identity: (plan) => [
      ["--user", `${plan.uid}:${plan.gid}`],
      ...(isMade(plan, "user") ? idMaps(plan) : []),
    ],
    gaps: () => [],
    otherLimits: (limits, names) =>
      unifiedFiles(limits, names).map(([file, text]) => [
        "--cgroup-conf",
        quote(`${file}=${text}`),
      ]),
    joinsPaths: true,
  });
}

function idMaps({ uidMap, gidMap }: SandboxPlan): string[][] {
  return [
    ...uidMap.map((line) => ["--uidmap", line.join(":")]),
    ...gidMap.map((line) => ["--gidmap", line.join(":")]),
  ];
}

function engineCommand(facts: ExportFacts, engine: Engine): string {
  const { name, identity, gaps, otherLimits, joinsPaths } = engine;
  const { plan, set } = facts;
  const { spec } = plan;
  const limits = dockerLimits(spec.limits);
  const others = otherLimits(spec.limits, limits.missing);
  const lines = [
    [name, "run", "--rm", "--interactive"],
    ["--name", quote(plan.name)],
    ...(isMade(plan, "uts") ? [["--hostname", plan.hostname]] : []),
    ...engineNamespaces(plan, joinsPaths),
    ...identity(plan),
    ["--cap-drop", "ALL"],
    ...plan.capabilities.map((capability) => ["--cap-add", capability.toUpperCase()]),
    ...(spec.noNewPrivileges ? [["--security-opt", "no-new-privileges"]] : []),
    ...(spec.seccomp === "none" ? [["--security-opt", "seccomp=unconfined"]] : []),
    ...ulimits(plan),
    ...(spec.init ? [["--init"]] : []),
    ...limits.words.map(([flag, value]) => [flag, quote(value)]),
    ...others,
    ...(spec.readOnly ? [["--read-only"]] : []),
    ...temporaryFileSystems(plan),
    ...plan.mounts.flatMap(volume),
    ...(spec.devices ?? []).map((device) => ["--device", quote(device)]),
    ...Object.entries(set).map(([key, value]) => ["--env", quote(`${key}=${value}`)]),
    ...spec.passEnv.map((key) => ["--env", key]),
    ["--workdir", quote(plan.workdir)],
    [imageName(plan), ...plan.command.map(quote)],
  ];
  const missing = [
    ...commonGaps(plan),
    ...idMapGap(plan),
    ...mountGaps(plan),
    ...overlayGap(plan, "/"),
    ...privilegeGap(plan),
    ...(others.length > 0 ? [] : limits.missing.map((limit) => limitGap(limit, spec.limits))),
    ...gaps(plan),
    ...engineNamespaceGaps(plan, joinsPaths),
  ];
  return script(missing, lines, [importImage(name, plan)]);
}

function limitGap(name: CgroupLimitName, limits: Limits): string {
  const value = limits[name];
  return `${limitFacts[name].flag} ${value === undefined ? "" : spellLimit(name, value)}`;
}

/** -1 is Docker's word for unlimited. */
function ulimits({ spec }: SandboxPlan): string[][] {
  const word = (value: UlimitValue) => (value === "unlimited" ? "-1" : `${value}`);
  return namedUlimits(spec.ulimits)
    .filter(([name]) => name !== "as")
    .map(([name, { soft, hard }]) => ["--ulimit", `${name}=${word(soft)}:${word(hard)}`]);
}

function privilegeGap({ ambient, capabilities, spec }: SandboxPlan): string[] {
  return [
    ...(ambient && capabilities.length > 0
      ? ["capabilities of who is not root: there they are not effective"]
      : []),
    ...(spec.ulimits.as === undefined ? [] : ["ulimit as"]),
  ];
}

/** Its containers have /sys, /sys/fs/cgroup and /dev/mqueue without being asked; other places they do not know. */
function mountGaps({ spec: { mounts } }: SandboxPlan): string[] {
  const usual = ["/sys", "/sys/fs/cgroup", "/dev/mqueue"];
  return mounts.flatMap(({ type, target }) =>
    type === "bind" || type === "tmpfs" || usual.includes(target) ? [] : [`${type} at ${target}`],
  );
}

function temporaryFileSystems({ mounts }: SandboxPlan): string[][] {
  return mounts.flatMap((mount) => {
    const { kind, target, mode = "755" } = mount;
    if (kind === "tmpfs")
      return [["--tmpfs", quote(`${target}:${tmpfsWords({ ...mount, mode })}`)]];
    return kind === "tmpfs-shared" ? [["--tmpfs", `${target}:mode=1777`]] : [];
  });
}

/** `-v` splits at colons; `--mount` splits at commas, and quotes fields as CSV does. */
function volume({ kind, source = "", target, readOnly, recursive }: PlannedMount): string[][] {
  if (kind !== "bind" && kind !== "protect") return [];
  const from = kind === "protect" ? target : source;
  const depth = recursive === false ? ["bind-recursive=disabled"] : [];
  const fields = ["type=bind", `source=${from}`, `target=${target}`, ...depth];
  return [
    [
      "--mount",
      quote(
        [...fields.map(csv), ...(readOnly || kind === "protect" ? ["readonly"] : [])].join(","),
      ),
    ],
  ];
}

function csv(field: string): string {
  return /[",\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}

function imageName({ spec }: SandboxPlan): string {
  return spec.rootfs.type === "host" ? "terrarium-host" : "terrarium-rootfs";
}

/** An image of the directory, or of the host's links (/bin, /lib) below which its /usr is mounted. */
function importImage(engine: string, plan: SandboxPlan): string {
  const { rootfs } = plan.spec;
  if (rootfs.type === "tarball") return `${engine} import ${quote(rootfs.path)} ${imageName(plan)}`;
  const links = plan.mounts.filter(
    ({ kind, target }) => kind === "symlink" && target !== "/var/run",
  );
  const [folder, names] =
    rootfs.type === "host"
      ? ["/", links.map(({ target }) => target.slice(1))]
      : [rootfs.path, ["."]];
  const files = names.length > 0 ? names.join(" ") : "--files-from /dev/null";
  return `tar -C ${quote(folder)} -c ${files} | ${engine} import - ${imageName(plan)}`;
}
