import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, readSync } from "node:fs";
import { type NamespaceType, namespaceTypes } from "../protocol/namespaces.ts";
import { errnoOf, isDenied, isGone, KernelError } from "./errors.ts";
import { type MountInfo, parseMountinfo } from "./mountinfo.ts";
import {
  type CgroupMembership,
  type IdMapLine,
  type ProcessStat,
  type ProcessStatus,
  parseCgroupMemberships,
  parseCommandLine,
  parseIdMap,
  parseNamespaceLink,
  parseStat,
  parseStatus,
} from "./proctext.ts";

/**
 * Typed reads of /proc. Processes end at any moment: a reader answers `undefined` for one that is
 * gone or hidden. Where reading needs more rights than seeing the process (namespaces, mounts), being
 * denied is told apart: a word of the answer, or the error of node:fs.
 */

/** Inode by type. 0: the process holds no namespace of this type (a zombie has only pid and user), or the type was not asked for. */
export type NamespaceLinks = Readonly<Record<NamespaceType, number>>;

export type ProcessId = number | "self";

/** Enough for every list that we show; a process may make its command line megabytes long. */
const commandLineBytes = 4096;
const commandLineBuffer = Buffer.alloc(commandLineBytes);
const mountinfoBuffer = Buffer.alloc(64 * 1024);

/** Thread group leaders that this process may see (its pid namespace; /proc's hidepid), ascending. */
export function processIds(): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => name.charCodeAt(0) <= 0x39 && /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
}

export function readStat(pid: ProcessId): ProcessStat | undefined {
  const text = unlessHidden(() => readProcessFile(pid, "stat"));
  return text === undefined ? undefined : parseStat(text);
}

/** USER_HZ, in which procfs counts time: 100 on every architecture that Node runs on (include/asm-generic/param.h). */
const ticksPerSecond = 100;

/** How long ago something was, that procfs dates in ticks since the machine was started. */
export function ageMs(startTimeTicks: number): number {
  const uptimeSeconds = Number.parseFloat(readFileSync("/proc/uptime", "utf8"));
  return uptimeSeconds * 1000 - sinceBootMs(startTimeTicks);
}

/** How long after the machine was started something was. */
export function sinceBootMs(startTimeTicks: number): number {
  return (startTimeTicks / ticksPerSecond) * 1000;
}

export function readStatus(pid: ProcessId): ProcessStatus | undefined {
  const text = unlessHidden(() => readProcessFile(pid, "status"));
  return text === undefined ? undefined : parseStatus(text);
}

/** 4294967295. */
const noLogin = 2 ** 32 - 1;

/** As whom the process's user has logged in (pam_loginuid(8), proc_pid_loginuid(5)); undefined: not at all, or unknown. */
export function readLoginUid(pid: ProcessId): number | undefined {
  const text = unlessHidden(() => readProcessFile(pid, "loginuid"));
  const uid = Number(text || noLogin);
  return uid === noLogin ? undefined : uid;
}

/** Memory that is resident: VmRSS of proc_pid_status(5), a little late where many threads change it. */
export function readResidentBytes(pid: ProcessId): number | undefined {
  const text = unlessHidden(() => readProcessFile(pid, "status"));
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(text ?? "")?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}

/**
 * The arguments, of 4096 bytes at most; empty for kernel threads and zombies. Since CVE-2018-1120 the
 * kernel reads only anonymous pages here, so a process cannot stall the reader with a FUSE mapping.
 */
export function readCommandLine(pid: ProcessId): readonly string[] | undefined {
  return unlessHidden(() => {
    const fd = openSync(`/proc/${pid}/cmdline`, "r");
    try {
      const length = readSync(fd, commandLineBuffer, 0, commandLineBytes, 0);
      return parseCommandLine(commandLineBuffer.toString("utf8", 0, length));
    } finally {
      closeSync(fd);
    }
  });
}

/**
 * The namespaces that a process is in. One readlink for each type asked for; no descriptor is opened.
 * The links need the rights of ptrace(2), PTRACE_MODE_READ_FSCREDS: without them, `denied`.
 */
export function namespaceLinks(
  pid: ProcessId,
  types: readonly NamespaceType[] = namespaceTypes,
): NamespaceLinks | "denied" | "gone" {
  const links = noLinks();
  let found = 0;
  for (const type of types) {
    const inode = readNamespaceLink(pid, type);
    if (inode === "denied") return "denied";
    links[type] = inode;
    if (inode !== 0) found += 1;
  }
  return found === 0 ? "gone" : links;
}

function noLinks(): Record<NamespaceType, number> {
  return { pid: 0, mnt: 0, net: 0, user: 0, uts: 0, ipc: 0, cgroup: 0, time: 0 };
}

function readNamespaceLink(pid: ProcessId, type: NamespaceType): number | "denied" {
  try {
    return parseNamespaceLink(readlinkSync(`/proc/${pid}/ns/${type}`), type) ?? 0;
  } catch (error) {
    if (isGone(error)) return 0;
    if (isDenied(error)) return "denied";
    throw error;
  }
}

export function readMountinfo(pid: ProcessId): readonly MountInfo[] | undefined {
  const text = readProcessFile(pid, "mountinfo");
  return text === undefined ? undefined : parseMountinfo(text);
}

/** Whoever may mount can make this list a hundred thousand lines long: fs.mount-max of proc_sys_fs(5). */
const mountinfoBytes = 4 * 1024 * 1024;

/** The first mounts, as text. Throws what node:fs does where the process is gone or does not let us. */
export function readMountinfoText(pid: ProcessId): {
  readonly text: string;
  readonly isCut: boolean;
} {
  const fd = openMounts(`/proc/${pid}/mountinfo`);
  try {
    const chunks: string[] = [];
    let remaining = mountinfoBytes;
    while (remaining > 0) {
      const length = readSync(fd, mountinfoBuffer, 0, mountinfoBuffer.length, null);
      if (length === 0) return { text: chunks.join(""), isCut: false };
      chunks.push(mountinfoBuffer.toString("utf8", 0, length));
      remaining -= length;
    }
    return { text: chunks.join(""), isCut: true };
  } finally {
    closeSync(fd);
  }
}

/** Who has ended and was not waited for has no mounts any more: EINVAL (mounts_open_common, fs/proc_namespace.c). */
function openMounts(path: string): number {
  try {
    return openSync(path, "r");
  } catch (error) {
    throw errnoOf(error) === "EINVAL" ? new KernelError("open", "ESRCH", path) : error;
  }
}

/** Ids in the reader's terms; empty: none was written yet, or the process is gone. */
export function readIdMap(pid: ProcessId, file: "uid_map" | "gid_map"): readonly IdMapLine[] {
  return parseIdMap(readProcessFile(pid, file) ?? "");
}

/** Paths are relative to the root of the *reader's* cgroup namespace; `/..` leads out of it: cgroup_namespaces(7). */
export function readCgroupPaths(pid: ProcessId): readonly CgroupMembership[] | undefined {
  const text = readProcessFile(pid, "cgroup");
  return text === undefined ? undefined : parseCgroupMemberships(text);
}

/** The target of /proc/PID/exe, cwd or root; undefined when there is none (a kernel thread has no exe) or it is denied. */
export function readProcessLink(pid: ProcessId, link: "exe" | "cwd" | "root"): string | undefined {
  return unlessHidden(() => readlinkSync(`/proc/${pid}/${link}`));
}

function readProcessFile(pid: ProcessId, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

/** Undefined for a process that is gone, or that is another user's and hidden: proc(5), hidepid=1 answers EPERM. */
function unlessHidden<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (isGone(error) || isDenied(error)) return undefined;
    throw error;
  }
}
