import type { NamespaceType } from "../protocol/namespaces.ts";
import type { ByInode } from "./byInode.ts";

/** What the kernel tells of all processes at once. Every pid is in the helper's own pid namespace. */
export interface TaskTable {
  /** The iterator in the kernel, or one file of /proc after the other. */
  readonly source: "bpf" | "proc";
  /** Ascending. */
  readonly tasks: readonly Task[];
  readonly threads: readonly LooseThread[];
  /** By inode, what the iterator told of the namespaces of these processes, and of those above them. */
  readonly told?: ByInode<Lineage> | undefined;
  /** Processes whose namespaces the kernel did not let the helper read: only /proc denies. */
  readonly denied: number;
}

/** A process, by its thread group leader. */
export interface Task {
  readonly pid: number;
  /** 0: none that the helper can see. */
  readonly parentPid: number;
  /** Effective. */
  readonly uid: number;
  /** Field 22 of /proc/PID/stat; with the pid it identifies a process. */
  readonly startTimeTicks: number;
  /** Its comm, of 15 bytes at most; what must not reach a terminal is replaced. */
  readonly command: string;
  /** From the helper's pid namespace to the innermost. */
  readonly nestedPids: readonly number[];
  readonly namespaces: NamespaceInodes;
  /**
   * Inode of its cgroup's directory by hierarchy (CgroupMount.id), as far as it is known. Processes in the same
   * cgroups share one object. A zombie is in its cgroup of version 2 only.
   */
  readonly cgroupIds: CgroupIds;
  readonly kernelThread: boolean;
  /** It has let go of its namespaces (all but pid and user), and waits to be reaped, or soon will. */
  readonly zombie: boolean;
}

/** A thread that is in another namespace than its process is. */
export interface LooseThread {
  /** Of its process. */
  readonly pid: number;
  readonly tid: number;
  readonly namespaces: NamespaceInodes;
}

/** What ioctl_nsfs(2) answers of a namespace; what it would refuse is undefined. */
export interface Lineage {
  readonly id: string | undefined;
  /** Of a user or pid namespace. */
  readonly parent: number | undefined;
  /** The user namespace that owns it; of a user namespace undefined. */
  readonly owner: number | undefined;
  /** Of a user namespace. */
  readonly ownerUid: number | undefined;
}

/** Inode on nsfs by type; 0 is unknown: denied, or given up by a zombie. */
export type NamespaceInodes = Readonly<Record<NamespaceType, number>>;

export type CgroupIds = Readonly<Record<string, number>>;

/** A zombie's cgroups of version 1 are told as the root, whatever they were (proc_cgroup_show). */
export function cgroupIdsOfZombie({ unified }: CgroupIds): CgroupIds {
  return unified === undefined ? {} : { unified };
}
