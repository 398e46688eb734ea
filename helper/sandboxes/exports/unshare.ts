import type { PlannedMount, SandboxPlan } from "../../protocol/plan.ts";
import { quote } from "../../protocol/shellWords.ts";
import { tmpfsWords } from "../plan/plannedMounts.ts";
import { isMade, unshareFlags, withJoined } from "./namespaces.ts";
import {
  capabilityGap,
  commonGaps,
  type ExportFacts,
  idMapGap,
  limitsGap,
  overlayGap,
  script,
  shellVariable,
  withUlimits,
} from "./script.ts";

/**
 * unshare(1) and the steps that a container is made of, to read and to run by hand: mount, bind,
 * pivot_root, drop, exec.
 */
export function unshareCommand(facts: ExportFacts): string {
  const { plan } = facts;
  return script(
    [
      ...commonGaps(plan),
      ...idMapGap(plan),
      ...limitsGap(plan),
      ...capabilityGap(plan),
      ...(plan.uid === 0 ? [] : [`uid ${plan.uid} inside: it is root there, without capabilities`]),
      ...cgroupGap(plan),
      ...overlayGap(plan),
      "read-only holds for a bind itself, not for mounts below it",
      ...(plan.spec.init ? ["an init that reaps: the command is PID 1"] : []),
    ],
    [
      ...withUlimits(plan),
      ...withJoined(plan),
      ["unshare", ...unshareFlags(plan)],
      ["--", "sh", "-euc", quote(steps(facts)), "sh", ...plan.spec.passEnv.map(shellVariable)],
    ],
  );
}

function cgroupGap({ mounts }: SandboxPlan): string[] {
  return mounts.some(({ kind }) => kind === "cgroup") ? ["a view of its own cgroups"] : [];
}

/** A directory of the host that becomes the root for this mount namespace alone; no source may lie below it. */
function baseFor({ mounts }: SandboxPlan): string {
  const free = (base: string) => !mounts.some(({ source }) => source?.startsWith(`${base}/`));
  return ["/mnt", "/media", "/srv"].find(free) ?? "/tmp";
}

function steps({ plan, environment }: ExportFacts): string {
  const base = baseFor(plan);
  const hasRoot = plan.mounts.some(({ kind }) => kind === "root");
  const passed = plan.spec.passEnv.map((name, index) => `${name}="\${${index + 1}}"`);
  const variables = Object.entries(environment).map(([name, value]) => quote(`${name}=${value}`));
  const root = [
    ...(hasRoot ? [] : [`mount -t tmpfs -o mode=755 tmpfs ${base}`]),
    ...plan.mounts.flatMap((mount) => mountSteps(mount, base)),
    `cd ${base}`,
    ...(plan.spec.readOnly ? ["mount -o remount,bind,ro ."] : []),
    "pivot_root . .",
    "umount -l .",
  ];
  return [
    ...(isMade(plan, "uts") ? [`hostname ${quote(plan.hostname)}`] : []),
    ...(isMade(plan, "mnt") ? root : []),
    `cd ${quote(plan.workdir)}`,
    `exec env -i ${[...variables, ...passed].join(" ")} \\`,
    `  setpriv ${plan.spec.noNewPrivileges ? "--no-new-privs " : ""}--bounding-set=-all --inh-caps=-all ${plan.command.map(quote).join(" ")}`,
  ].join("\n");
}

function mountSteps(mount: PlannedMount, base: string): string[] {
  const { kind, source = "", target, readOnly, recursive, mode = "755" } = mount;
  const bind = recursive === false ? "--bind" : "--rbind";
  const to = quote(base + target);
  const from = quote(source);
  switch (kind) {
    case "root":
      return [`mount --rbind ${from} ${base}`];
    case "bind":
      return [...place(from, to), `mount ${bind} ${from} ${to}`, ...(readOnly ? [seal(to)] : [])];
    case "device":
      return [...place(from, to), `mount --bind ${from} ${to}`];
    case "protect":
      return [`if [ -e ${to} ]; then mount --bind ${to} ${to}; ${seal(to)}; fi`];
    case "symlink":
      return [`mkdir -p "$(dirname ${to})"`, `ln -s ${from} ${to}`];
    case "tmpfs":
      return [
        `mkdir -p ${to}`,
        `mount -t tmpfs -o nosuid,nodev,${tmpfsWords({ ...mount, mode })} tmpfs ${to}`,
      ];
    case "tmpfs-shared":
      return [`mkdir -p ${to}`, `mount -t tmpfs -o nosuid,nodev,mode=1777 tmpfs ${to}`];
    case "directory":
      return [`mkdir -p ${to}`];
    case "proc":
      return [`mkdir -p ${to}`, `mount -t proc -o nosuid,nodev,noexec proc ${to}`];
    case "sysfs":
      return [`mkdir -p ${to}`, `mount -t sysfs -o ro,nosuid,nodev,noexec sysfs ${to}`];
    case "mqueue":
      return [`mkdir -p ${to}`, `mount -t mqueue -o nosuid,nodev,noexec mqueue ${to}`];
    case "devpts":
      return [`mkdir -p ${to}`, `mount -t devpts -o newinstance,ptmxmode=666 devpts ${to}`];
    case "dev":
      return devices(to);
    case "text":
    case "pin":
    case "overlay":
    case "cgroup":
      return [];
  }
}

/** A file is mounted on a file, a directory on a directory. */
function place(from: string, to: string): string[] {
  const make = `mkdir -p "$(dirname ${to})"; touch ${to}`;
  return [`if [ -d ${from} ]; then mkdir -p ${to}; else ${make}; fi`];
}

function seal(to: string): string {
  return `mount -o remount,bind,ro,nosuid,nodev ${to}`;
}

function devices(to: string): string[] {
  return [
    `mkdir -p ${to}`,
    `mount -t tmpfs -o nosuid,mode=755 tmpfs ${to}`,
    `for node in null zero full random urandom tty; do touch ${to}/$node; mount --bind /dev/$node ${to}/$node; done`,
    `ln -s /proc/self/fd ${to}/fd; ln -s fd/0 ${to}/stdin; ln -s fd/1 ${to}/stdout; ln -s fd/2 ${to}/stderr`,
    `mkdir ${to}/pts ${to}/shm`,
    `mount -t devpts -o newinstance,mode=620,ptmxmode=666 devpts ${to}/pts`,
    `ln -s pts/ptmx ${to}/ptmx`,
  ];
}
