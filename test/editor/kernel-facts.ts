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

/** Processes of this machine that are in the namespace of that link. */
export function membersOf(link: string): number[] {
  const type = link.slice(0, link.indexOf(":"));
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => namespaceLink(pid, type) === link);
}
