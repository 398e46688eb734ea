import { join } from "node:path";
import { wantedDevice } from "../../protocol/devices.ts";
import type { Overlay } from "../../protocol/overlays.ts";
import type { PlannedMount } from "../../protocol/plan.ts";
import type { SandboxSpec } from "../../protocol/schemas.ts";
import { isNew, namespaceChoice } from "../../protocol/sharing.ts";
import type { HostDirectory, HostEntry } from "./hostView.ts";
import { figureMounts, processorMounts } from "./lxcfs.ts";
import type { PlanFacts } from "./plan.ts";

/** The mount tree of a sandbox, step by step, in the order of the kernel's rules: what lies below comes later. */
export function planMounts(facts: PlanFacts): readonly PlannedMount[] {
  // Somebody else's tree is used as it is.
  if (!isNew(facts.spec.namespaces, "mnt")) return [];
  return [
    ...rootMounts(facts),
    ...privateMounts(facts),
    ...workspaceMounts(facts),
    ...volumes(facts),
    ...processorMounts(facts.spec),
  ];
}

/** Where a shell begins, and what $HOME says. */
export function homeInside({ spec, identity }: PlanFacts): string {
  return spec.rootfs.type === "host" ? identity.home : "/";
}

/** The launcher's option for one step. */
export function mountOption(mount: PlannedMount): readonly string[] {
  const { kind, source = "", target } = mount;
  if (kind === "root") return [mount.idMapped ? "--idmap-rootfs" : "--rootfs", source];
  if (kind === "bind") return [bindOption(mount), source, target, ...depth(mount)];
  if (kind === "tmpfs" && mount.mode) return ["--tmpfs-with", tmpfsWords(mount), target];
  if (kind === "overlay") return overlayWords(mount);
  if (kind === "device") return ["--device", source, target];
  if (kind === "symlink") return ["--symlink", source, target];
  if (kind === "text") return ["--text", source, target];
  return [launcherWords[kind], target];
}

const launcherWords = {
  pin: "--pin",
  protect: "--ro-protect",
  tmpfs: "--tmpfs",
  "tmpfs-shared": "--tmpfs-shared",
  directory: "--dir",
  dev: "--dev",
  proc: "--proc",
  sysfs: "--sysfs",
  mqueue: "--mqueue",
  devpts: "--devpts",
  cgroup: "--cgroup-view",
} as const;

function bindOption({ readOnly, idMapped, view }: PlannedMount): string {
  if (view) return view === "required" ? "--view" : "--view-try";
  return `--${readOnly ? "ro-" : ""}${idMapped ? "idmap-" : ""}bind`;
}

function overlayWords({ source, target, idMapped }: PlannedMount): readonly string[] {
  if (source === undefined) return ["--overlay-tmpfs", target];
  return [idMapped ? "--idmap-overlay" : "--overlay", source, target];
}

function depth({ recursive }: PlannedMount): readonly string[] {
  return recursive === false ? ["--single"] : [];
}

/** tmpfs(5)'s options, as mount(8) writes them. */
export function tmpfsWords({ mode, sizeBytes }: PlannedMount): string {
  const size = sizeBytes === undefined ? [] : [`size=${sizeBytes}`];
  return [`mode=${mode}`, ...size].join(",");
}

/** Where a path of the spec led when it was checked: only that is mounted. */
function sourceOf({ sources }: PlanFacts, path: string): string {
  return sources.get(path) ?? path;
}

function rootMounts(facts: PlanFacts): PlannedMount[] {
  const { spec, identity, hostView } = facts;
  const { rootfs } = spec;
  if (rootfs.type !== "host") {
    const found = sourceOf(facts, rootfs.path);
    const source = rootfs.type === "tarball" ? join(found, "root") : found;
    const readOnly = overlayOf(spec) !== "none";
    const idMapped = identity.idMappedBinds;
    return [{ kind: "root", source, target: "/", readOnly, idMapped }, ...layers(facts, "/")];
  }
  // Without a kept layer the root is a tmpfs, which is as good as one.
  const root = facts.layer ? layers(facts, "/") : [];
  return [...root, ...hostView.flatMap((entry) => hostMounts(facts, entry))];
}

function hostMounts(facts: PlanFacts, entry: HostEntry): PlannedMount[] {
  const { path } = entry;
  if (entry.kind === "symlink") return [{ kind: "symlink", source: entry.to, target: path }];
  const view = facts.identity.idMappedBinds ? viewOf(facts, entry) : undefined;
  return [
    { kind: "bind", source: path, target: path, readOnly: true, view },
    ...layers(facts, path),
  ];
}

/** Sandboxes share what a tarball became: it is never written to. */
function overlayOf({ overlay, rootfs }: SandboxSpec): Overlay {
  return overlay === "none" && rootfs.type === "tarball" ? "ephemeral" : overlay;
}

/** Where a kept layer has what was written over one directory. */
function layers({ spec, identity, layer }: PlanFacts, target: string): PlannedMount[] {
  if (overlayOf(spec) === "none") return [];
  const part = target === "/" ? "root" : target.slice(1);
  const source = layer === undefined ? undefined : join(layer, part);
  return [
    { kind: "overlay", source, target, idMapped: source !== undefined && identity.idMappedBinds },
  ];
}

/**
 * Configuration is refused by ssh and sudo where its owner looks like nobody's. Programs are not, and /usr is a plain
 * bind: overlayfs remembers a name that was not there, so that a program installed later might stay unseen.
 * An overlay shows one file system: what is mounted below its directory would be missing.
 */
function viewOf({ spec }: PlanFacts, { path, holdsMounts }: HostDirectory): PlannedMount["view"] {
  // What looks like nobody's could not be changed, so that a layer over it would be of no use.
  if (spec.overlay !== "none") return "required";
  return path === "/etc" && !holdsMounts ? "preferred" : undefined;
}

function privateMounts(facts: PlanFacts): PlannedMount[] {
  const always: PlannedMount[] = [
    { kind: "proc", target: "/proc" },
    ...figureMounts(facts.spec),
    { kind: "dev", target: "/dev" },
    ...deviceMounts(facts),
    { kind: "tmpfs-shared", target: "/tmp" },
    { kind: "tmpfs", target: "/run" },
  ];
  if (facts.spec.rootfs.type !== "host") return [...always, ...resolverMount(facts)];
  return [
    ...always,
    { kind: "tmpfs-shared", target: "/var/tmp" },
    ...resolverMount(facts),
    { kind: "symlink", source: "/run", target: "/var/run" },
    ...homeDirectory(homeInside(facts)),
  ];
}

function deviceMounts(facts: PlanFacts): PlannedMount[] {
  return (facts.spec.devices ?? []).map(wantedDevice).map(({ source, target }) => ({
    kind: "device",
    source: sourceOf(facts, source),
    target,
  }));
}

/** A network is of little use without its name server. */
function resolverMount({ spec, resolver, nameServers }: PlanFacts): PlannedMount[] {
  const { network, namespaces, rootfs } = spec;
  if (network?.mode === "nat") return nameServers ? [{ kind: "text", ...nameServers }] : [];
  const hosts = rootfs.type === "host" && namespaceChoice(namespaces, "net") === "host";
  return resolver && hosts ? [{ kind: "bind", ...resolver, readOnly: true }] : [];
}

/** Users without a home of their own, as nobody often is, have the root, which is there already. */
function homeDirectory(home: string): PlannedMount[] {
  return home === "/" ? [] : [{ kind: "directory", target: home }];
}

function workspaceMounts(facts: PlanFacts): PlannedMount[] {
  const { spec, identity, protections } = facts;
  const { workspace } = spec;
  if (!workspace) return [];
  const idMapped = identity.idMappedBinds;
  return [
    { kind: "bind", source: sourceOf(facts, workspace), target: workspace, idMapped },
    ...protections.pinned.map((target): PlannedMount => ({ kind: "pin", target })),
    ...protections.readOnly.map((target): PlannedMount => ({ kind: "protect", target })),
  ];
}

function volumes(facts: PlanFacts): PlannedMount[] {
  const { spec, identity } = facts;
  return spec.mounts.map(({ type: kind, ...mount }): PlannedMount => {
    if (!("source" in mount)) return { kind, ...mount };
    const source = sourceOf(facts, mount.source);
    return { kind, ...mount, source, idMapped: identity.idMappedBinds };
  });
}
