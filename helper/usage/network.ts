import { closeSync, openSync, readlinkSync, readSync } from "node:fs";
import { readCgroupProcesses } from "../kernel/cgroupfs.ts";
import type { PlacedCgroup } from "../limits/target.ts";
import { printable } from "../protocol/printable.ts";
import type { InterfaceUsage } from "../protocol/usage.ts";

/** Where there is nothing to tell, it is looked again after 1, 3, 7 and at last this many rounds. */
const longestRest = 31;

/**
 * A process that owns its network may make a hundred thousand interfaces: what is read of them each time, and kept
 * in the history, is bounded.
 */
const mostInterfaces = 32;
const buffer = Buffer.alloc(mostInterfaces * 256);

/**
 * The counters of the network namespace that the first process of a cgroup is in. An open directory of /proc
 * is the process's own for ever: a pid that is given to somebody else is not read by mistake.
 */
export class NetworkReader {
  readonly #findPid: () => number | undefined;
  #member: number | undefined;
  #pause = 0;
  #rest = 0;

  constructor(findPid: () => number | undefined) {
    this.#findPid = findPid;
  }

  /** Undefined where there is no process, it may not be looked at, or its network is this helper's own. */
  read(): readonly InterfaceUsage[] | undefined {
    if (this.#rest-- > 0) return undefined;
    const hadMember = this.#member !== undefined;
    const usage = this.#readMember() ?? (hadMember ? this.#readMember() : undefined);
    this.#pause = usage ? 0 : Math.min(2 * this.#pause + 1, longestRest);
    this.#rest = this.#pause;
    return usage;
  }

  dispose(): void {
    if (this.#member !== undefined) closeSync(this.#member);
    this.#member = undefined;
  }

  /** One that tells nothing is let go: by the next time another may be the first. */
  #readMember(): readonly InterfaceUsage[] | undefined {
    this.#member ??= openProcess(this.#findPid());
    const usage = this.#member === undefined ? undefined : readInterfaces(this.#member);
    if (!usage) this.dispose();
    return usage;
  }
}

function openProcess(pid: number | undefined): number | undefined {
  try {
    return pid === undefined ? undefined : openSync(`/proc/${pid}`, "r");
  } catch {
    return undefined;
  }
}

function readInterfaces(member: number): readonly InterfaceUsage[] | undefined {
  const directory = `/proc/self/fd/${member}`;
  try {
    if (readlinkSync(`${directory}/ns/net`) === ownNamespace()) return undefined;
    // Not kept open: an open file keeps its namespace alive, with all that is in it.
    return parseNetDev(readBeginning(`${directory}/net/dev`));
  } catch {
    return undefined;
  }
}

/** A helper never enters another. */
function ownNamespace(): string {
  own ??= readlinkSync("/proc/self/ns/net");
  return own;
}
let own: string | undefined;

/** A read of a seq_file answers a page at most. */
function readBeginning(path: string): string {
  const fd = openSync(path, "r");
  try {
    let length = 0;
    for (let more = -1; more !== 0; length += more) {
      more = readSync(fd, buffer, length, buffer.length - length, null);
    }
    return buffer.toString("utf8", 0, length);
  } finally {
    closeSync(fd);
  }
}

/** Behind a sandbox's init and its like there is one soon, or the cgroup is not this user's. */
const mostTried = 8;

/**
 * The first that this user may look at: a sandbox's init is closed to the user who made it. Version 2 first:
 * version 1 sorts a list of all processes for each reader.
 */
export function firstMember(cgroups: readonly PlacedCgroup[]): number | undefined {
  const [cgroup] = [...cgroups].sort((a, b) => b.hierarchy.version - a.hierarchy.version);
  const members = cgroup ? readCgroupProcesses(cgroup.directory) : [];
  return members.slice(0, mostTried).find(isOpen);
}

/** ptrace(2), PTRACE_MODE_READ. */
function isOpen(pid: number): boolean {
  try {
    readlinkSync(`/proc/${pid}/ns/net`);
    return true;
  } catch {
    return false;
  }
}

/** Two lines of titles, then `  eth0: ` with eight figures received and eight sent: proc_pid_net(5). */
export function parseNetDev(text: string): readonly InterfaceUsage[] {
  return (
    text
      .split("\n")
      // What stands behind the last newline is no whole line.
      .slice(2, -1)
      .flatMap((line): readonly InterfaceUsage[] => {
        // The kernel allows no colon and no space in a name.
        const colon = line.indexOf(":");
        const name = line.slice(0, colon).trim();
        const fields = line
          .slice(colon + 1)
          .trim()
          .split(/\s+/)
          .map(Number);
        const [rxBytes, txBytes] = [fields[0], fields[8]];
        if (colon < 0 || name === "lo" || rxBytes === undefined || txBytes === undefined) return [];
        return [{ interface: printable(name), rxBytes, txBytes }];
      })
      .slice(0, mostInterfaces)
  );
}
