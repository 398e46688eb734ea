import { readFileSync } from "node:fs";
import { readLsmLabel } from "../kernel/confinement.ts";
import { isDenied, isGone } from "../kernel/errors.ts";
import { userName } from "../kernel/identity.ts";
import { namespaceLinks, readCgroupPaths, readProcessLink, readStatus } from "../kernel/procfs.ts";
import { parseResourceLimit } from "../kernel/resourceLimits.ts";
import { capabilities, capabilityNames } from "../protocol/capabilities.ts";
import type { FollowedName } from "../protocol/following.ts";
import { namespaceTypes } from "../protocol/namespaces.ts";
import { type UlimitName, ulimitNames } from "../protocol/privileges.ts";

/** What a process is, one line each, as the kernel tells it; the order in which a person asks. */
export interface Attribute {
  readonly name: string;
  /** What has to be followed for it to be the target's; undefined: it comes with the place. */
  readonly follow: FollowedName | undefined;
  /** Undefined where the kernel does not tell. */
  read(pid: number): string | undefined;
}

export const attributes: readonly Attribute[] = [
  {
    name: "user",
    follow: "identity",
    read: (pid) => onStatus(pid, ({ uid }) => `${userName(uid.effective)} (${uid.effective})`),
  },
  {
    name: "group",
    follow: "identity",
    read: (pid) => onStatus(pid, ({ gid }) => `${gid.effective}`),
  },
  {
    name: "groups",
    follow: "identity",
    read: (pid) => onStatus(pid, ({ groups }) => groups.join(" ") || "none"),
  },
  {
    name: "capabilities",
    follow: "identity",
    read: (pid) => onStatus(pid, (status) => describeCapabilities(status.capabilities.effective)),
  },
  {
    name: "bounding set",
    follow: "identity",
    read: (pid) => onStatus(pid, (status) => describeCapabilities(status.capabilities.bounding)),
  },
  {
    name: "no_new_privs",
    follow: "identity",
    read: (pid) => onStatus(pid, ({ noNewPrivileges }) => (noNewPrivileges ? "yes" : "no")),
  },
  {
    name: "seccomp",
    follow: "seccomp",
    read: (pid) =>
      onStatus(pid, ({ seccomp, seccompFilters }) => describeFilters(seccomp, seccompFilters)),
  },
  { name: "label", follow: "label", read: (pid) => orUndefined(() => readLsmLabel(pid)) },
  { name: "cgroup", follow: "cgroup", read: describeCgroup },
  ...namespaceTypes.map((type) => ({
    name: `${type} namespace`,
    follow: undefined,
    read: (pid: number) => {
      const links = namespaceLinks(pid, [type]);
      return typeof links === "object" ? `${links[type]}` : undefined;
    },
  })),
  { name: "root", follow: undefined, read: (pid) => readProcessLink(pid, "root") },
  { name: "working directory", follow: undefined, read: (pid) => readProcessLink(pid, "cwd") },
  { name: "umask", follow: "umask", read: (pid) => statusField(pid, "Umask") },
  ...ulimitNames.map((limit: UlimitName) => ({
    name: `limit ${limit}`,
    follow: "rlimits" as const,
    read: (pid: number) => parseResourceLimit(file(pid, "limits") ?? "", limit),
  })),
  { name: "processors", follow: "affinity", read: (pid) => statusField(pid, "Cpus_allowed_list") },
  { name: "nice", follow: "scheduling", read: (pid) => statField(pid, 19) },
  { name: "scheduling", follow: "scheduling", read: (pid) => policies[Number(statField(pid, 41))] },
  { name: "oom_score_adj", follow: "oom_score_adj", read: (pid) => file(pid, "oom_score_adj") },
  { name: "personality", follow: "personality", read: (pid) => file(pid, "personality") },
  { name: "timer slack", follow: "timer_slack", read: (pid) => file(pid, "timerslack_ns") },
];

/** include/uapi/linux/sched.h */
const policies = ["other", "fifo", "rr", "batch", "iso", "idle", "deadline", "ext"];

type Status = NonNullable<ReturnType<typeof readStatus>>;

function onStatus(pid: number, describe: (status: Status) => string): string | undefined {
  const status = readStatus(pid);
  return status && describe(status);
}

function describeCapabilities(mask: bigint): string {
  const names = capabilityNames(mask);
  if (names.length === 0) return "none";
  return names.length >= capabilities.length
    ? `all ${names.length}`
    : `${names.length}: ${names.join(" ").toLowerCase()}`;
}

function describeFilters(mode: number, count: number | undefined): string {
  if (mode === 0) return "off";
  if (mode === 1) return "strict";
  return count === undefined ? "filter" : `${count} filter${count === 1 ? "" : "s"}`;
}

/** Hierarchies that agree are one word. */
function describeCgroup(pid: number): string | undefined {
  const paths = readCgroupPaths(pid)?.map(({ path }) => path);
  return paths && [...new Set(paths)].join(" ");
}

function statusField(pid: number, key: string): string | undefined {
  return new RegExp(`^${key}:\\s*(.*)$`, "m").exec(file(pid, "status") ?? "")?.[1];
}

/** By its number in proc_pid_stat(5). */
function statField(pid: number, number: number): string | undefined {
  const text = file(pid, "stat");
  return text?.slice(text.lastIndexOf(") ") + 2).split(" ")[number - 3];
}

function file(pid: number, name: string): string | undefined {
  return orUndefined(() => readFileSync(`/proc/${pid}/${name}`, "utf8").trimEnd());
}

function orUndefined<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (isGone(error) || isDenied(error)) return undefined;
    throw error;
  }
}
