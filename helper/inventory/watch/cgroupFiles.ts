/**
 * What it means that a file of a cgroup was written, or that the kernel says it has changed. Who writes a pid moves
 * a process, of which no other event tells.
 */
export const cgroupFiles: Readonly<Record<string, "members" | "tree">> = {
  "cgroup.procs": "members",
  "cgroup.threads": "members",
  tasks: "members",
  "cgroup.events": "tree",
  "cgroup.freeze": "tree",
  "cgroup.subtree_control": "tree",
  "cgroup.type": "tree",
  "freezer.state": "tree",
};
