import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import { cgroupDirectory, readCgroupMounts } from "../kernel/cgroupfs.ts";
import { readCgroupPaths, readStat, readStatus } from "../kernel/procfs.ts";
import type { ProcessStatus } from "../kernel/proctext.ts";
import { buildEnvironment } from "../launch/environment.ts";
import { chooseShell } from "../launch/shell.ts";
import { findFrozen } from "../limits/freezer.ts";
import { TerrariumError } from "../protocol/errors.ts";
import type { StartedProcess } from "../protocol/methods.ts";
import type { NamespaceType } from "../protocol/namespaces.ts";
import { printable } from "../protocol/printable.ts";
import type { ParameterOutput, SandboxSpec } from "../protocol/schemas.ts";
import { startEntered } from "./enter.ts";
import { chooseNamespaces } from "./namespaces.ts";

/** Who enters, and where its terminal can be reached. */
export interface Visitor {
  readonly uid: number;
  readonly gid: number;
  readonly name: string;
  readonly home: string;
  readonly shell: string;
  readonly socket: string;
  /** What the sandbox of the process, if it is one of ours, asks of Landlock. */
  readonly landlock: SandboxSpec["landlock"];
}

/**
 * Enters any process: all namespaces that differ from ours with the target's ids, capabilities,
 * no_new_privs and cgroups; or only the types that were asked for, keeping our own identity unless the
 * user namespace is among them (without it the target's ids would mean somebody else) or the mount
 * namespace (whose files the target may have written).
 */
export async function enterProcess(
  visitor: Visitor,
  parameters: ParameterOutput<"process/enter">,
): Promise<StartedProcess> {
  const { pid, only, stdio } = parameters;
  const stat = readStat(pid);
  const status = readStatus(pid);
  const expected = parameters.startTimeTicks ?? stat?.startTimeTicks;
  if (!stat || !status || stat.startTimeTicks !== expected) {
    throw new TerrariumError("noSuchProcess", { pid });
  }
  const namespaces = chooseNamespaces(pid, only, visitor.uid === 0);
  const joinsFiles = namespaces.includes("mnt");
  const follow = only === undefined || namespaces.includes("user") || joinsFiles;
  const shell = chooseShell(
    joinsFiles ? `/proc/${pid}/root` : "/",
    joinsFiles ? undefined : visitor.shell,
  );
  const cgroupDirectories = only === undefined ? writableCgroups(pid) : [];
  refuseFrozen(pid, cgroupDirectories);
  return startEntered({
    socket: visitor.socket,
    pid,
    startTimeTicks: stat.startTimeTicks,
    namespaces,
    follow,
    filtered: status.seccomp !== 0,
    landlock: joinsFiles ? visitor.landlock : undefined,
    cgroupDirectories,
    workdir: undefined,
    environment: buildEnvironment({
      user: { ...userInside(visitor, status, namespaces), shell },
      clientEnv: parameters.clientEnv,
      tty: stdio === "tty",
      set: {},
    }),
    args: parameters.args ?? [shell],
    stdio,
    owner: [visitor.uid, visitor.gid],
    title: title(stat.command, only),
  });
}

/** Whoever joins a frozen cgroup stands still as well, the launcher in the middle of its work. */
function refuseFrozen(pid: number, directories: readonly string[]): void {
  const directory = findFrozen(directories);
  if (directory !== undefined) throw new TerrariumError("processFrozen", { pid, directory });
}

/** Home and name inside are not known before we are there: root's, or none. */
function userInside(visitor: Visitor, status: ProcessStatus, namespaces: readonly NamespaceType[]) {
  if (!namespaces.includes("mnt")) return { name: visitor.name, home: visitor.home };
  return status.uid.effective === 0
    ? { name: "root", home: "/root" }
    : { name: `${status.uid.effective}`, home: "/" };
}

/** The target's cgroup in every hierarchy that we may move a process into. */
function writableCgroups(pid: number): readonly string[] {
  const { hierarchies } = readCgroupMounts();
  return (readCgroupPaths(pid) ?? [])
    .flatMap(({ hierarchy, controllers, path }) => {
      const id = hierarchy === 0 ? "unified" : controllers.join(",");
      const mount = hierarchies.find((candidate) => candidate.id === id);
      return (mount && cgroupDirectory(mount, path)) ?? [];
    })
    .filter((directory) => mayWrite(join(directory, "cgroup.procs")));
}

function mayWrite(file: string): boolean {
  try {
    accessSync(file, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function title(command: string, only: readonly NamespaceType[] | undefined): string {
  const name = printable(command);
  return only ? `${name} (${only.join(", ")})` : name;
}
