/** The eight namespace types of Linux: namespaces(7). One row each; every list and menu follows this order. */
export const namespaceTypes = [
  "pid",
  "mnt",
  "net",
  "user",
  "uts",
  "ipc",
  "cgroup",
  "time",
] as const;

export type NamespaceType = (typeof namespaceTypes)[number];

/** What a namespace of this type isolates, in words a newcomer understands, and the flag that makes one. */
export const namespaceFacts: Readonly<
  Record<NamespaceType, { readonly cloneFlag: string; readonly isolates: string }>
> = {
  pid: { cloneFlag: "CLONE_NEWPID", isolates: "process ids: its first process is PID 1" },
  mnt: { cloneFlag: "CLONE_NEWNS", isolates: "mount points: its own tree of files" },
  net: { cloneFlag: "CLONE_NEWNET", isolates: "network devices, addresses, routes and ports" },
  user: { cloneFlag: "CLONE_NEWUSER", isolates: "user and group ids, and capabilities" },
  uts: { cloneFlag: "CLONE_NEWUTS", isolates: "host name and domain name" },
  ipc: { cloneFlag: "CLONE_NEWIPC", isolates: "System V IPC and POSIX message queues" },
  cgroup: { cloneFlag: "CLONE_NEWCGROUP", isolates: "the root of the cgroup tree that it sees" },
  time: {
    cloneFlag: "CLONE_NEWTIME",
    isolates: "boot-time and monotonic clocks, not the wall clock",
  },
};

/** Who the user is inside. */
export const usernsChoices = ["keep-id", "root"] as const;

/** Whose a sandbox's namespace is, in words. */
export function whose(share: {
  readonly shared: boolean;
  readonly joinedWith?: string | undefined;
}) {
  if (share.shared) return "shared with the host";
  return share.joinedWith === undefined ? "own" : `shared with ${share.joinedWith}`;
}
