import { closeSync, readFileSync } from "node:fs";
import type { UlimitName } from "../protocol/privileges.ts";
import { errnoOf, isDenied, KernelError } from "./errors.ts";
import { pidfdIsAlive, pidfdOpen, prlimit } from "./libc.ts";
import { readStat } from "./procfs.ts";

/** Numbers of asm-generic/resource.h, and the titles of /proc/PID/limits (fs/proc/base.c). */
const resources: Readonly<Record<UlimitName, readonly [number: number, title: string]>> = {
  cpu: [0, "Max cpu time"],
  fsize: [1, "Max file size"],
  data: [2, "Max data size"],
  stack: [3, "Max stack size"],
  core: [4, "Max core file size"],
  rss: [5, "Max resident set"],
  nproc: [6, "Max processes"],
  nofile: [7, "Max open files"],
  memlock: [8, "Max locked memory"],
  as: [9, "Max address space"],
  locks: [10, "Max file locks"],
  sigpending: [11, "Max pending signals"],
  msgqueue: [12, "Max msgqueue size"],
  nice: [13, "Max nice priority"],
  rtprio: [14, "Max realtime priority"],
  rttime: [15, "Max realtime timeout"],
};

/** From the text of /proc/PID/limits, as SOFT:HARD; undefined where it is none: a zombie's is empty. */
export function parseResourceLimit(text: string, resource: UlimitName): string | undefined {
  const [, title] = resources[resource];
  const line = text.split("\n").find((one) => one.startsWith(`${title} `)) ?? "";
  const [soft, hard] = line.slice(title.length).trim().split(/\s+/);
  return soft && hard ? `${soft}:${hard}` : undefined;
}

/**
 * Sets one limit, SOFT:HARD, of exactly that process; answers the errno's name where the kernel refused it.
 * A descriptor pins the process, and its start time proves it to be the one. ESRCH: it has ended.
 */
export function setResourceLimit(
  { pid, startTimeTicks }: { readonly pid: number; readonly startTimeTicks: number },
  resource: UlimitName,
  value: string,
): string | undefined {
  let pidfd: number | undefined;
  try {
    pidfd = pidfdOpen(pid);
    if (readStat(pid)?.startTimeTicks !== startTimeTicks) return "ESRCH";
    return setWhilePinned(pidfd, pid, resource, value) ? undefined : "ESRCH";
  } catch (error) {
    if (error instanceof KernelError) return errnoOf(error);
    throw error;
  } finally {
    if (pidfd !== undefined) closeSync(pidfd);
  }
}

/**
 * prlimit(2) takes a number, not a pidfd. A number is given to somebody else only after its process was reaped:
 * if that is still there after the call, the call was about no other. If not, whoever has the number now gets
 * back what was there (as far as a hard limit may be raised), and the answer is false.
 */
export function setWhilePinned(
  pidfd: number,
  pid: number,
  resource: UlimitName,
  value: string,
): boolean {
  const [number] = resources[resource];
  const before = prlimit(pid, number, value);
  if (pidfdIsAlive(pidfd)) return true;
  prlimit(pid, number, before);
  return false;
}

/**
 * Gives a process the limits of another, before it runs anything: what bounds who asks bounds what works for them.
 * One that cannot be had (root in a container may not raise hard ones) stays as it is.
 */
export function copyResourceLimits(from: number, to: number): void {
  const text = readFileSync(`/proc/${from}/limits`, "utf8");
  for (const resource of Object.keys(resources) as UlimitName[]) {
    const value = parseResourceLimit(text, resource);
    if (value === undefined) continue;
    try {
      prlimit(to, resources[resource][0], value);
    } catch (error) {
      if (!isDenied(error)) throw error;
    }
  }
}
