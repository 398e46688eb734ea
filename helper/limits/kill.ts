import { closeSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { childCgroups, readCgroupProcesses, writeCgroupFile } from "../kernel/cgroupfs.ts";
import { KernelError } from "../kernel/errors.ts";
import { pidfdOpen, pidfdSendSignal } from "../kernel/libc.ts";
import { pause } from "../kernel/pause.ts";
import { type CgroupPlace, sandboxDirectory } from "./places.ts";

const killRounds = 100;
const roundMs = 10;

/**
 * Kills every process in a sandbox's cgroups and below. Returns when they are empty, or after a second:
 * a process in an uninterruptible sleep (state D) dies when the kernel lets it.
 */
export function killProcesses(places: readonly CgroupPlace[], id: string): void {
  for (let round = 0; round < killRounds; round += 1) {
    const occupied = places.filter(
      (place) => processesBelow(sandboxDirectory(place, id)).length > 0,
    );
    if (occupied.length === 0) return;
    for (const place of occupied) killIn(place, sandboxDirectory(place, id));
    pause(roundMs);
  }
}

/** Version 2 kills a whole tree at once, forks included (cgroup.kill, Linux 5.14); elsewhere each process is signalled. */
function killIn(place: CgroupPlace, directory: string): void {
  const atOnce = place.hierarchy.version === 2 && writeCgroupFile(directory, "cgroup.kill", "1");
  if (atOnce === undefined) return;
  const freezer = place.controllers.includes("freezer");
  // Frozen processes cannot fork away from the signals; they die when they are thawed.
  if (freezer) writeCgroupFile(directory, "freezer.state", "FROZEN");
  for (const pid of processesBelow(directory)) killMember(pid, directory);
  if (freezer) writeCgroupFile(directory, "freezer.state", "THAWED");
}

/** The descriptor pins the process before its membership is read again: a recycled pid is never signalled. */
function killMember(pid: number, directory: string): void {
  let pidfd: number;
  try {
    pidfd = pidfdOpen(pid);
  } catch (error) {
    if (error instanceof KernelError) return;
    throw error;
  }
  try {
    if (processesBelow(directory).includes(pid)) pidfdSendSignal(pidfd, constants.signals.SIGKILL);
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
  } finally {
    closeSync(pidfd);
  }
}

export function processesBelow(directory: string): readonly number[] {
  const below = childCgroups(directory).flatMap((name) => processesBelow(join(directory, name)));
  return [...readCgroupProcesses(directory), ...below];
}
