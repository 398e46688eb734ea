import type { IdMapLine, PlannedMount, SandboxPlan } from "../../protocol/plan.ts";
import { tmpfsWords } from "../plan/plannedMounts.ts";
import { namedUlimits } from "../plan/privileges.ts";
import { isMade, ociNamespaces } from "./namespaces.ts";
import { ociResources } from "./ociResources.ts";
import { commonGaps, type ExportFacts, overlayGap } from "./script.ts";

/** config.json of an OCI bundle (runtime-spec 1.2), with what it cannot express in an annotation. */
export function ociConfig({ plan, environment }: ExportFacts): string {
  const { rootfs } = plan.spec;
  const config = {
    ociVersion: "1.2.0",
    ...(isMade(plan, "uts") && { hostname: plan.hostname }),
    root: {
      path: rootfs.type === "directory" ? rootfs.path : "rootfs",
      readonly: plan.spec.readOnly,
    },
    process: processOf(plan, environment),
    mounts: plan.mounts.flatMap((mount) => ociMount(mount, plan)),
    linux: {
      namespaces: ociNamespaces(plan),
      ...(isMade(plan, "user") && idMappings(plan)),
      timeOffsets: plan.spec.timeOffsets,
      resources: ociResources(plan.spec.limits),
    },
    annotations: { "terrarium.not-expressed": gaps(plan).join("; ") },
  };
  return JSON.stringify(config, null, 2);
}

function gaps(plan: SandboxPlan): string[] {
  const { passEnv, rootfs } = plan.spec;
  const links = plan.mounts.filter(({ kind }) => kind === "symlink");
  return [
    ...commonGaps(plan),
    ...overlayGap(plan),
    ...(plan.spec.devices ?? []).map((device) => `linux.resources.devices for ${device}`),
    ...unlimitedGap(plan),
    ...swapGap(plan),
    ...(rootfs.type === "host"
      ? ["rootfs is an empty directory beside this file, owned by the first id of the map"]
      : []),
    ...(rootfs.type === "tarball" ? [`rootfs is the extracted ${rootfs.path}`] : []),
    ...links.map(({ source, target }) => `link ${target} -> ${source} in the root`),
    ...passEnv.map((name) => `the caller's variable ${name}`),
    ...(plan.spec.init ? ["an init that reaps: the command is PID 1"] : []),
  ];
}

function processOf(plan: SandboxPlan, environment: Readonly<Record<string, string>>) {
  const kept = plan.capabilities.map((name) => `CAP_${name.toUpperCase()}`);
  return {
    user: { uid: plan.uid, gid: plan.gid },
    args: plan.command,
    cwd: plan.workdir,
    env: Object.entries(environment).map(([name, value]) => `${name}=${value}`),
    // For root inside inheritable and ambient stay empty: CVE-2022-24769.
    capabilities: {
      bounding: kept,
      effective: kept,
      permitted: kept,
      ...(plan.ambient && { inheritable: kept, ambient: kept }),
    },
    noNewPrivileges: plan.spec.noNewPrivileges,
    rlimits: finiteUlimits(plan).map(([name, { soft, hard }]) => ({
      type: `RLIMIT_${name.toUpperCase()}`,
      soft,
      hard,
    })),
  };
}

/** RLIM_INFINITY, 2^64-1, is no number that JSON.stringify can write. */
function finiteUlimits({ spec }: SandboxPlan) {
  return namedUlimits(spec.ulimits).filter(([, { hard }]) => hard !== "unlimited");
}

/** Its word is the sum. */
function swapGap({ spec: { limits } }: SandboxPlan): string[] {
  const { memoryBytes, swapBytes } = limits;
  return swapBytes !== undefined && memoryBytes === undefined ? ["swap without memory"] : [];
}

function unlimitedGap({ spec }: SandboxPlan): string[] {
  const named = namedUlimits(spec.ulimits).filter(([, { hard }]) => hard === "unlimited");
  return named.map(([name, { soft, hard }]) => `ulimit ${name} ${soft}:${hard}`);
}

const fileSystems = {
  proc: { type: "proc", source: "proc", options: ["nosuid", "noexec", "nodev"] },
  dev: { type: "tmpfs", source: "tmpfs", options: ["nosuid", "strictatime", "mode=755"] },
  tmpfs: { type: "tmpfs", source: "tmpfs", options: ["nosuid", "nodev", "mode=755"] },
  sysfs: { type: "sysfs", source: "sysfs", options: ["nosuid", "noexec", "nodev", "ro"] },
  cgroup: { type: "cgroup", source: "cgroup", options: ["nosuid", "noexec", "nodev", "ro"] },
  mqueue: { type: "mqueue", source: "mqueue", options: ["nosuid", "noexec", "nodev"] },
  "tmpfs-shared": { type: "tmpfs", source: "tmpfs", options: ["nosuid", "nodev", "mode=1777"] },
} as const;

const devpts = {
  destination: "/dev/pts",
  type: "devpts",
  source: "devpts",
  options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"],
} as const;

function ociMount(mount: PlannedMount, plan: SandboxPlan): object[] {
  const { kind, source, target, readOnly, idMapped } = mount;
  const depth = mount.recursive === false ? "bind" : "rbind";
  const options = [depth, "nosuid", "nodev", readOnly ? "ro" : "rw"];
  switch (kind) {
    case "bind":
      return [
        {
          destination: target,
          type: "bind",
          source,
          options,
          ...(idMapped && idMappings(plan)),
        },
      ];
    case "device":
      return [{ destination: target, type: "bind", source, options: ["bind", "nosuid", "noexec"] }];
    case "protect":
      return [{ destination: target, type: "bind", source: target, options: ["rbind", "ro"] }];
    case "dev":
      return [{ destination: target, ...fileSystems.dev }, devpts];
    case "devpts":
      return [{ ...devpts, destination: target }];
    case "tmpfs":
      return [
        { destination: target, ...fileSystems.tmpfs, ...(mount.mode && tmpfsOptions(mount)) },
      ];
    case "proc":
    case "sysfs":
    case "cgroup":
    case "mqueue":
    case "tmpfs-shared":
      return [{ destination: target, ...fileSystems[kind] }];
    case "text":
    case "root":
    case "overlay":
    case "pin":
    case "symlink":
    case "directory":
      return [];
  }
}

function tmpfsOptions(mount: PlannedMount) {
  return { options: ["nosuid", "nodev", ...tmpfsWords(mount).split(",")] };
}

function idMappings({ uidMap, gidMap }: SandboxPlan) {
  return { uidMappings: uidMap.map(mapping), gidMappings: gidMap.map(mapping) };
}

function mapping([containerID, hostID, size]: IdMapLine) {
  return { containerID, hostID, size };
}
