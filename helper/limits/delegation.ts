import { accessSync, chownSync, constants, existsSync, rmdirSync } from "node:fs";
import { basename, join, posix } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type CgroupMount,
  cgroupDirectory,
  hierarchyId,
  readCgroupFile,
  readCgroupMounts,
  readControllers,
  writeCgroupFile,
} from "../kernel/cgroupfs.ts";
import { errnoOf, isGone } from "../kernel/errors.ts";
import { readCgroupPaths } from "../kernel/procfs.ts";
import { systemdRoot } from "../systemd/booted.ts";
import { startTransient } from "../systemd/manager.ts";
import { agentScope } from "../systemd/units.ts";
import { inheritCpuset, makeDirectory } from "./make.ts";
import { helperName } from "./places.ts";

/**
 * Gives a user a cgroup in every hierarchy, for limits of their own: root's helper does for its askers what systemd
 * does for sessions. It lies below what the asker is in already (their slice, or the cgroup of the process that asks),
 * so that it bounds them as before: cgroups(7), "Cgroups delegation"; cgroup-v2.rst, "Delegation".
 */
export interface Delegation {
  /** Why it is not all of the hierarchies. */
  readonly failures: readonly string[];
  /** Removes what nobody is in any more, once the process has ended. */
  release(): Promise<void>;
}

export interface Delegatee {
  readonly uid: number;
  readonly gid: number;
  /** The process that asks. */
  readonly pid: number;
}

/**
 * Of version 1. The others mean more than a bound: with net_cls and net_prio processes choose a class that firewalls
 * and queues of the host believe.
 */
const delegable: ReadonlySet<string> = new Set([
  ...["blkio", "cpu", "cpuacct", "cpuset", "freezer", "hugetlb", "memory", "pids"],
]);

/** Puts `process` into what is delegated; it has run nothing of the user's yet. */
export async function delegateTo(delegatee: Delegatee, process: number): Promise<Delegation> {
  const failures: string[] = [];
  const attempt = async (what: string, work: () => void | Promise<void>) => {
    try {
      await work();
    } catch (error) {
      failures.push(`${what}: ${error instanceof Error ? error.message : errnoOf(error)}`);
    }
  };
  const used: string[] = [];
  if (systemdRoot() !== undefined) {
    await attempt(agentScope(delegatee.uid).unit, () => holdAgentScope(delegatee.uid, process));
  }
  for (const hierarchy of readCgroupMounts().hierarchies) {
    await attempt(hierarchy.id, () => delegateIn(hierarchy, delegatee, process, used));
  }
  return { failures, release: () => removeEmpty(used.reverse()) };
}

function delegateIn(
  hierarchy: CgroupMount,
  delegatee: Delegatee,
  process: number,
  used: string[],
): void {
  const own = directoryOf(hierarchy, delegatee.pid);
  const scope = scopeDirectory(hierarchy, delegatee.uid);
  if (own === undefined) return;
  // Whatever fails below: it is bounded by what bounds the asker, and not by what bounds root's helper.
  const unbound = scope === undefined ? bound(process, own, hierarchy) : undefined;
  if (!isDelegable(hierarchy) || isReadOnly(scope ?? own)) {
    if (unbound !== undefined) throw new Error(`the process was not taken (${unbound})`);
    return;
  }
  const directory = scope ?? makeBelow(own, `terrarium-${delegatee.uid}`, hierarchy, used);
  const home = makeBelow(directory, helperName, hierarchy, used);
  for (const one of [directory, home]) giveAway(one, delegatee);
  const refused = move(process, home);
  if (refused !== undefined) throw new Error(`the process was not taken (${refused})`);
}

function bound(process: number, own: string, hierarchy: CgroupMount): string | undefined {
  return directoryOf(hierarchy, process) === own ? undefined : move(process, own);
}

/** In a container: nobody has limits of their own there, which is no event of a connection. */
function isReadOnly(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK);
    return false;
  } catch (error) {
    return errnoOf(error) === "EROFS";
  }
}

function isDelegable({ version, controllers }: CgroupMount): boolean {
  if (version === 2) return true;
  return controllers.length > 0 && controllers.every((name) => delegable.has(name));
}

function makeBelow(
  parent: string,
  name: string,
  { version, controllers }: CgroupMount,
  used: string[],
): string {
  const directory = join(parent, name);
  const errno = makeDirectory(directory);
  if (errno !== undefined && errno !== "EEXIST") throw new Error(`mkdir ${directory}: ${errno}`);
  // Also one that a helper before us has left.
  used.push(directory);
  if (version === 1 && controllers.includes("cpuset")) inheritCpuset(parent, directory);
  if (version === 2 && name !== helperName) passOn(parent);
  return directory;
}

/** Only from the top of the hierarchy: any other cgroup that holds a process cannot (cgroup-v2.rst, "No Internal Process"). */
function passOn(parent: string): void {
  if (readCgroupFile(parent, "cgroup.type") !== undefined) return;
  for (const name of readControllers(parent)) {
    if (delegable.has(name) || name === "io") {
      writeCgroupFile(parent, "cgroup.subtree_control", `+${name}`);
    }
  }
}

/** What lets them make cgroups below, and move processes of theirs between these; the limits at its top stay root's. */
const delegatedFiles = ["cgroup.procs", "cgroup.threads", "cgroup.subtree_control", "tasks"];

function giveAway(directory: string, { uid, gid }: Delegatee): void {
  chownSync(directory, uid, gid);
  for (const file of delegatedFiles.map((name) => join(directory, name))) {
    if (existsSync(file)) chownSync(file, uid, gid);
  }
}

function move(process: number, directory: string): string | undefined {
  return writeCgroupFile(directory, "cgroup.procs", `${process}`);
}

function directoryOf(hierarchy: CgroupMount, pid: number): string | undefined {
  const membership = readCgroupPaths(pid)?.find((one) => hierarchyId(one) === hierarchy.id);
  return membership && cgroupDirectory(hierarchy, membership.path);
}

/** Where systemd made the scope: not in each hierarchy of version 1. */
function scopeDirectory(hierarchy: CgroupMount, uid: number): string | undefined {
  const root = systemdRoot();
  if (root === undefined) return undefined;
  const { slice, unit } = agentScope(uid);
  const directory = cgroupDirectory(hierarchy, posix.join(root, "user.slice", slice, unit));
  return directory !== undefined && existsSync(directory) ? directory : undefined;
}

const joinTimeoutMs = 10_000;
const pollMs = 1;

/** The scope is there while an agent or a sandbox of the user's runs; else systemd makes it with this process in it. */
async function holdAgentScope(uid: number, process: number): Promise<void> {
  const { hierarchies } = readCgroupMounts();
  if (hierarchies.some((hierarchy) => isPopulated(scopeDirectory(hierarchy, uid)))) return;
  const { unit, properties } = agentScope(uid);
  await startTransient(unit, properties, process);
  const deadlineMs = performance.now() + joinTimeoutMs;
  while (!(readCgroupPaths(process) ?? []).some(({ path }) => basename(path) === unit)) {
    if (performance.now() > deadlineMs) throw new Error("systemd did not put the process there");
    await sleep(pollMs);
  }
}

function isPopulated(directory: string | undefined): boolean {
  if (directory === undefined) return false;
  const home = join(directory, helperName);
  return [directory, home].some((one) => (readCgroupFile(one, "cgroup.procs") ?? "") !== "");
}

const removeAttempts = 20;
const removeRetryMs = 50;

/** What an agent had started for its next sandbox ends a moment after it. A sandbox, or another agent, keeps what it is in. */
async function removeEmpty(directories: readonly string[]): Promise<void> {
  for (let attempt = 1; attempt <= removeAttempts; attempt += 1) {
    if (directories.filter((directory) => !isRemoved(directory)).length === 0) return;
    await sleep(removeRetryMs, undefined, { ref: false });
  }
}

function isRemoved(directory: string): boolean {
  try {
    rmdirSync(directory);
    return true;
  } catch (error) {
    return isGone(error);
  }
}
