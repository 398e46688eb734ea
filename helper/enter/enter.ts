import type { ProcessStatus } from "../kernel/proctext.ts";
import { environmentOptions } from "../launch/environment.ts";
import { landlockOptions } from "../launch/landlock.ts";
import { attachment, launch } from "../launch/launcher.ts";
import { type FollowedName, isFollowedName, type Unfollowed } from "../protocol/following.ts";
import type { StartedProcess } from "../protocol/methods.ts";
import type { NamespaceType } from "../protocol/namespaces.ts";
import type { SandboxSpec, Stdio } from "../protocol/schemas.ts";
import { checkEntered } from "./guest.ts";
import type { Toolbox } from "./toolbox.ts";

/** A process to start beside another one, inside its namespaces. */
export interface EnterPlan {
  readonly pid: number;
  readonly startTimeTicks: number;
  readonly namespaces: readonly NamespaceType[];
  /** Take the target's ids, capabilities and no_new_privs, and all but `left` of the rest; otherwise keep the helper's. */
  readonly follow: boolean;
  readonly left: readonly FollowedName[];
  readonly asRoot: boolean;
  /** `default` is our filter, which also stands in for those of the target that cannot be read. */
  readonly seccomp: "none" | "default" | "target";
  /** The kernel tells of no domain that another process is in: the spec does. */
  readonly landlock: SandboxSpec["landlock"];
  readonly cgroupDirectories: readonly string[];
  readonly workdir: string | undefined;
  /** Absent: its files and programs are the target's. */
  readonly toolbox?: Toolbox | undefined;
  readonly environment: Readonly<Record<string, string>>;
  readonly args: readonly string[];
  readonly stdio: Stdio;
  readonly owner: readonly [uid: number, gid: number];
  /** What was entered must be no more than this. */
  readonly allowed?: ProcessStatus | undefined;
  /** Where a client attaches; used unless `stdio` is `none`. */
  readonly socket: string;
  readonly title: string;
}

/** Starts `launcher enter`; resolves when the process is ready to be attached, or runs. */
export async function startEntered(plan: EnterPlan): Promise<StartedProcess> {
  const launched = launch("enter", enterOptions(plan), plan.args);
  try {
    const { pid, unfollowed } = await launched.ready;
    if (plan.follow) checkEntered(pid, plan.allowed);
    await launched.commit();
    const started = { title: plan.title, unfollowed: namesOf(unfollowed) };
    if (plan.stdio !== "none") return { ...started, attach: attachment(plan.socket) };
    await launched.started;
    return started;
  } finally {
    launched.abort();
  }
}

function namesOf(unfollowed: Readonly<Record<string, string>>): readonly Unfollowed[] {
  return Object.entries(unfollowed).flatMap(([name, errno]) =>
    isFollowedName(name) ? [{ name, errno }] : [],
  );
}

/** The launcher's options for `enter`. */
export function enterOptions(plan: EnterPlan): readonly string[] {
  return [
    ...["--pid", `${plan.pid}`, "--start-time", `${plan.startTimeTicks}`],
    ...["--namespaces", plan.namespaces.join(",")],
    ...(plan.follow ? ["--follow", ...plan.left.flatMap((name) => ["--leave", name])] : []),
    ...(plan.asRoot ? ["--become-root"] : []),
    ...["--seccomp", plan.seccomp],
    ...landlockOptions(plan.landlock),
    ...plan.cgroupDirectories.flatMap((directory) => ["--cgroup", directory]),
    ...toolboxOptions(plan.toolbox),
    ...(plan.workdir ? ["--chdir", plan.workdir] : []),
    ...environmentOptions(plan.environment),
    ...(plan.stdio === "tty" ? ["--tty"] : []),
    ...(plan.stdio === "none" ? [] : ["--listen", plan.socket, "--owner", plan.owner.join(":")]),
  ];
}

function toolboxOptions(toolbox: Toolbox | undefined): readonly string[] {
  if (!toolbox) return [];
  return ["--toolbox", toolbox.program, ...toolbox.tools.flatMap((name) => ["--tool", name])];
}
