import { type NamespaceType, namespaceTypes } from "../protocol/namespaces.ts";

/**
 * Parsers of procfs text: pure, total functions. A process chooses much of this text itself (its name,
 * its mount points), so each parser says what it relies on, and answers `undefined` rather than guess.
 */

/** Of /proc/PID/stat, proc_pid_stat(5). */
export interface ProcessStat {
  readonly pid: number;
  readonly command: string;
  /** One letter: R, S, D, Z … */
  readonly state: string;
  readonly parentPid: number;
  /** PF_* of include/linux/sched.h. */
  readonly flags: number;
  readonly threads: number;
  readonly startTimeTicks: number;
}

export interface ProcessIds {
  readonly real: number;
  readonly effective: number;
  readonly saved: number;
  readonly fileSystem: number;
}

export interface CapabilitySets {
  readonly inheritable: bigint;
  readonly permitted: bigint;
  readonly effective: bigint;
  readonly bounding: bigint;
  readonly ambient: bigint;
}

/** Of /proc/PID/status, proc_pid_status(5). Ids are in the reader's user namespace. */
export interface ProcessStatus {
  readonly parentPid: number;
  readonly uid: ProcessIds;
  readonly gid: ProcessIds;
  readonly groups: readonly number[];
  /** From the reader's pid namespace to the innermost. */
  readonly nestedPids: readonly number[];
  readonly threads: number;
  readonly capabilities: CapabilitySets;
  readonly noNewPrivileges: boolean;
  /** 0 off, 1 strict, 2 filter. */
  readonly seccomp: number;
  /** Filters that are attached; undefined before Linux 5.9. */
  readonly seccompFilters: number | undefined;
}

/** What nsfs calls a namespace: `net:[4026531840]`. */
export interface NamespaceName {
  readonly type: NamespaceType;
  readonly inode: number;
}

/** A line of /proc/PID/uid_map or gid_map: user_namespaces(7). */
export type IdMapLine = readonly [inside: number, outside: number, count: number];

/** A line of /proc/PID/cgroup, cgroups(7): `0::/path` is version 2, the rest are version 1. */
export interface CgroupMembership {
  readonly hierarchy: number;
  /** Controllers, and `name=…` of a named hierarchy. Empty in version 2. */
  readonly controllers: readonly string[];
  readonly path: string;
}

/**
 * The command stands in parentheses and may itself hold spaces, parentheses and newlines: only the
 * first `(` and the last `)` are the kernel's.
 */
export function parseStat(text: string): ProcessStat | undefined {
  const open = text.indexOf(" (");
  const close = text.lastIndexOf(") ");
  if (open < 1 || close < open) return undefined;
  // Field 3 (state) is the first after the parenthesis; flags are field 9, threads 20, start time 22.
  const fields = text.slice(close + 2).split(" ", 20);
  const startTime = fields[19];
  if (fields[0] === undefined || startTime === undefined) return undefined;
  return {
    pid: Number(text.slice(0, open)),
    command: text.slice(open + 2, close),
    state: fields[0],
    parentPid: Number(fields[1]),
    flags: Number(fields[6]),
    threads: Number(fields[17]),
    startTimeTicks: Number(startTime),
  };
}

/** The kernel escapes newline and backslash in `Name:`, so each line is the kernel's own. */
export function parseStatus(text: string): ProcessStatus | undefined {
  const fields = new Map<string, string>();
  for (const line of text.split("\n")) {
    const colon = line.indexOf(":\t");
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 2));
  }
  const uid = parseIds(fields.get("Uid"));
  const gid = parseIds(fields.get("Gid"));
  if (!uid || !gid) return undefined;
  return {
    parentPid: Number(fields.get("PPid") ?? 0),
    uid,
    gid,
    groups: parseNumbers(fields.get("Groups")),
    nestedPids: parseNumbers(fields.get("NSpid")),
    threads: Number(fields.get("Threads") ?? 0),
    capabilities: {
      inheritable: parseMask(fields.get("CapInh")),
      permitted: parseMask(fields.get("CapPrm")),
      effective: parseMask(fields.get("CapEff")),
      bounding: parseMask(fields.get("CapBnd")),
      ambient: parseMask(fields.get("CapAmb")),
    },
    noNewPrivileges: fields.get("NoNewPrivs") === "1",
    seccomp: Number(fields.get("Seccomp") ?? 0),
    seccompFilters: parseNumbers(fields.get("Seccomp_filters"))[0],
  };
}

/** One line of /proc/PID/status, for whoever reads it of every process: the rest costs ten times as much. */
export function parseNestedPids(text: string): readonly number[] | undefined {
  const line = /^NSpid:\t([\d\t]+)$/m.exec(text)?.[1];
  return line?.split("\t").map(Number);
}

function parseIds(text: string | undefined): ProcessIds | undefined {
  const [real, effective, saved, fileSystem] = parseNumbers(text);
  if (real === undefined || effective === undefined) return undefined;
  if (saved === undefined || fileSystem === undefined) return undefined;
  return { real, effective, saved, fileSystem };
}

function parseNumbers(text: string | undefined): readonly number[] {
  return (text?.match(/\d+/g) ?? []).map(Number);
}

function parseMask(text: string | undefined): bigint {
  return text !== undefined && /^[0-9a-f]{1,16}$/.test(text) ? BigInt(`0x${text}`) : 0n;
}

/** `net:[4026531840]`, the text of a link in /proc/PID/ns. */
export function parseNamespaceLink(text: string, type: NamespaceType): number | undefined {
  const match = /^([a-z]+):\[(\d{1,10})\]$/.exec(text);
  return match?.[1] === type ? Number(match[2]) : undefined;
}

/** The same of any type: a link in /proc/PID/fd, or the root of a mount of nsfs. */
export function parseNamespaceName(text: string): NamespaceName | undefined {
  const match = /^([a-z]+):\[(\d{1,10})\]$/.exec(text);
  const type = namespaceTypes.find((known) => known === match?.[1]);
  return type && { type, inode: Number(match?.[2]) };
}

export function parseIdMap(text: string): readonly IdMapLine[] {
  return text.split("\n").flatMap((line): readonly IdMapLine[] => {
    const [inside, outside, count] = parseNumbers(line);
    if (inside === undefined || outside === undefined || count === undefined) return [];
    return [[inside, outside, count]];
  });
}

/** Controller names hold no colon; a path may, so only the first two are separators. */
export function parseCgroupMemberships(text: string): readonly CgroupMembership[] {
  return text.split("\n").flatMap((line) => {
    const match = /^(\d+):([^:]*):(\/.*)$/s.exec(line);
    if (!match) return [];
    const [, hierarchy = "", controllers = "", path = ""] = match;
    return [{ hierarchy: Number(hierarchy), controllers: splitList(controllers), path }];
  });
}

function splitList(text: string): readonly string[] {
  return text === "" ? [] : text.split(",");
}

/** NUL-separated arguments; a program that rewrote its title (setproctitle) leaves trailing NULs. */
export function parseCommandLine(text: string): readonly string[] {
  const trimmed = text.replace(/\0+$/, "");
  return trimmed === "" ? [] : trimmed.split("\0");
}
