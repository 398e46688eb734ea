import { environmentOptions } from "../launch/environment.ts";
import { landlockOptions } from "../launch/landlock.ts";
import { attachment, launch } from "../launch/launcher.ts";
import type { StartedProcess } from "../protocol/methods.ts";
import type { NamespaceType } from "../protocol/namespaces.ts";
import type { SandboxSpec, Stdio } from "../protocol/schemas.ts";

/** A process to start beside another one, inside its namespaces. */
export interface EnterPlan {
  readonly pid: number;
  readonly startTimeTicks: number;
  readonly namespaces: readonly NamespaceType[];
  /** Take the target's ids, capabilities and no_new_privs; otherwise keep the helper's. */
  readonly follow: boolean;
  /** Install our seccomp filter. */
  readonly filtered: boolean;
  /** The kernel tells of no domain that another process is in: the spec does. */
  readonly landlock: SandboxSpec["landlock"];
  readonly cgroupDirectories: readonly string[];
  readonly workdir: string | undefined;
  readonly environment: Readonly<Record<string, string>>;
  readonly args: readonly string[];
  readonly stdio: Stdio;
  readonly owner: readonly [uid: number, gid: number];
  /** Where a client attaches; used unless `stdio` is `none`. */
  readonly socket: string;
  readonly title: string;
}

/** Starts `launcher enter`; resolves when the process is ready to be attached, or runs. */
export async function startEntered(plan: EnterPlan): Promise<StartedProcess> {
  const launched = launch("enter", enterOptions(plan), plan.args);
  try {
    await launched.ready;
    await launched.commit();
    if (plan.stdio !== "none") return { title: plan.title, attach: attachment(plan.socket) };
    await launched.started;
    return { title: plan.title };
  } finally {
    launched.abort();
  }
}

/** The launcher's options for `enter`. */
export function enterOptions(plan: EnterPlan): readonly string[] {
  return [
    ...["--pid", `${plan.pid}`, "--start-time", `${plan.startTimeTicks}`],
    ...["--namespaces", plan.namespaces.join(",")],
    ...(plan.follow ? ["--follow"] : []),
    ...["--seccomp", plan.filtered ? "default" : "none"],
    ...landlockOptions(plan.landlock),
    ...plan.cgroupDirectories.flatMap((directory) => ["--cgroup", directory]),
    ...(plan.workdir ? ["--chdir", plan.workdir] : []),
    ...environmentOptions(plan.environment),
    ...(plan.stdio === "tty" ? ["--tty"] : []),
    ...(plan.stdio === "none" ? [] : ["--listen", plan.socket, "--owner", plan.owner.join(":")]),
  ];
}
