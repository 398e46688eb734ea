import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** What the kernel says, to compare with what the editor shows. */

/** Pids of one process, from this pid namespace to its innermost (NSpid in proc_pid_status(5)). */
export function nestedPids(pid: number): number[] {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const line = /^NSpid:\s*(.*)$/m.exec(status)?.[1] ?? "";
  return line.split(/\s+/).map(Number);
}

/** `net:[4026531840]`, or undefined when the process is gone. */
export function namespaceLink(pid: number | "self", type: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/${type}`);
  } catch {
    return undefined;
  }
}

/** A process's cgroup in one hierarchy: a line of /proc/PID/cgroup, cgroups(7). */
export interface CgroupMembership {
  /** As the view's root says it: the controllers, or `unified` for version 2. */
  readonly hierarchy: string;
  readonly path: string;
}

export function cgroupsOf(pid: number): CgroupMembership[] {
  const lines = readFileSync(`/proc/${pid}/cgroup`, "utf8").trimEnd().split("\n");
  return lines.map((line) => {
    const [, controllers = "", path = ""] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    return { hierarchy: controllers || "unified", path };
  });
}

/** Processes of this machine that are in the namespace of that link. */
export function membersOf(link: string): number[] {
  const type = link.slice(0, link.indexOf(":"));
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => namespaceLink(pid, type) === link);
}

/** Processes below one, in every process group and session. */
export function descendantsOf(pid: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    const parent = Number(statAfterCommand(Number(name))[1]);
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const below = (parent: number): number[] =>
    (children.get(parent) ?? []).flatMap((child) => [child, ...below(child)]);
  return below(pid);
}

/** The helper that an editor started, by the folder that the extension is installed in. */
export function helperBelow(folder: string): number {
  const found = findHelperBelow(folder);
  if (found === undefined) throw new Error(`no helper runs from ${folder}`);
  return found;
}

/** Undefined between two of them. */
export function findHelperBelow(folder: string): number | undefined {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const found = pids.find((pid) => {
    const words = commandLine(pid);
    return words.some((word) => word.startsWith(folder)) && words.includes("helper");
  });
  return found === undefined ? undefined : Number(found);
}

function commandLine(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
  } catch {
    return [];
  }
}

/** How many times a process has read something (syscr in proc_pid_io(5)). */
export function readCalls(pid: number): number {
  return Number(/^syscr: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, "utf8"))?.[1]);
}

/** A zombie is not alive: it waits for its parent to ask how it ended. */
export function isAlive(pid: number): boolean {
  const [state] = statAfterCommand(pid);
  return state !== undefined && state !== "Z" && state !== "X";
}

/** Fields 3 and on of /proc/PID/stat: state, parent, … (proc_pid_stat(5)). */
function statAfterCommand(pid: number): string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return [];
  }
}
