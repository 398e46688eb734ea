import type { MountKind, PlannedMount, SandboxPlan } from "../../protocol/plan.ts";
import { quote } from "../../protocol/shellWords.ts";
import { clockGaps, isMade, withJoined } from "./namespaces.ts";
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

/** It always has a mount namespace of its own, and never one for the clocks. */
const unshared = ["user", "pid", "net", "uts", "ipc", "cgroup"] as const;

/** bubblewrap's command: bwrap(1). The nearest relative, but for limits and ranges of ids. */
export function bwrapCommand({ plan, environment }: ExportFacts): string {
  return script(
    [
      ...commonGaps(plan),
      ...idMapGap(plan),
      ...limitsGap(plan),
      ...capabilityGap(plan),
      ...mountGaps(plan),
      ...overlayGap(plan),
      ...clockGaps(plan),
    ],
    [
      ...withUlimits(plan),
      ...withJoined(plan),
      ["bwrap"],
      unshared.filter((type) => isMade(plan, type)).map((type) => `--unshare-${type}`),
      ...(isMade(plan, "user") ? [["--uid", `${plan.uid}`, "--gid", `${plan.gid}`]] : []),
      ...(isMade(plan, "uts") ? [["--hostname", plan.hostname]] : []),
      ["--cap-drop", "ALL"],
      ...(plan.spec.init ? [] : [["--as-pid-1"]]),
      ...(isMade(plan, "mnt") ? plan.mounts.flatMap(mountWords) : [["--dev-bind", "/", "/"]]),
      ...(plan.spec.readOnly ? [["--remount-ro", "/"]] : []),
      ["--clearenv"],
      ...Object.entries(environment).map(([name, value]) => ["--setenv", name, quote(value)]),
      ...plan.spec.passEnv.map((name) => ["--setenv", name, shellVariable(name)]),
      ["--chdir", quote(plan.workdir)],
      ["--", ...plan.command.map(quote)],
    ],
  );
}

/** It has no words for them. */
const unknown: readonly MountKind[] = ["sysfs", "cgroup", "devpts"];

function mountGaps({ mounts }: SandboxPlan): string[] {
  return mounts.flatMap(({ kind, target }) =>
    unknown.includes(kind) ? [`${kind} of the sandbox's own at ${target}`] : [],
  );
}

function mountWords({
  kind,
  source = "",
  target,
  readOnly,
  mode = "755",
  sizeBytes,
}: PlannedMount): string[][] {
  const to = quote(target);
  switch (kind) {
    case "root":
      return [["--bind", quote(source), "/"]];
    case "bind":
      return [[readOnly ? "--ro-bind" : "--bind", quote(source), to]];
    case "device":
      return [["--dev-bind", quote(source), to]];
    case "protect":
      return [["--ro-bind-try", to, to]];
    case "symlink":
      return [["--symlink", quote(source), to]];
    case "tmpfs":
      return [
        ["--perms", mode.padStart(4, "0"), ...(sizeBytes ? ["--size", `${sizeBytes}`] : [])].concat(
          ["--tmpfs", to],
        ),
      ];
    case "tmpfs-shared":
      return [["--perms", "1777", "--tmpfs", to]];
    case "directory":
      return [["--dir", to]];
    case "proc":
    case "dev":
    case "mqueue":
      return [[`--${kind}`, to]];
    case "text":
    case "pin":
    case "overlay":
    case "sysfs":
    case "cgroup":
    case "devpts":
      return [];
  }
}
