import type { CgroupMode, ProcessFact } from "./inventory.ts";
import type { NamespaceType } from "./namespaces.ts";

/**
 * The inventory of the host as tables: one row per thing, each under a key that stays the same for as long
 * as the thing lives and is never another's. Rows name each other by key, so that a change of one is one row.
 */

/** A process, and what it is in. */
export interface HostProcess extends ProcessFact {
  /** Inode number on nsfs by type; a type that is not known (a zombie, denied) is absent. */
  readonly namespaces: Readonly<Partial<Record<NamespaceType, number>>>;
  /** Path by hierarchy id, from the init cgroup namespace; only what is not the hierarchy's root. */
  readonly cgroups: Readonly<Record<string, string>>;
  /** Key of the innermost container that it is in. */
  readonly container?: string | undefined;
  readonly isKernelThread: boolean;
  readonly isZombie: boolean;
}

/** What keeps a namespace alive beside the processes that are in it. */
export type NamespaceKeeper =
  /** A thread that has left its process's namespace. */
  | { readonly kind: "thread"; readonly pid: number; readonly threadId: number }
  /** A thread whose next children will be in it (`pid_for_children`, `time_for_children`), and that is not itself. */
  | { readonly kind: "children"; readonly pid: number; readonly threadId: number }
  | { readonly kind: "descriptor"; readonly pid: number; readonly descriptor: number }
  /** A socket in this network namespace, of a process in another; looked for on request only. */
  | { readonly kind: "socket"; readonly pid: number; readonly descriptor: number }
  /** A bind mount of its nsfs file, as `path` in the mount namespace `mountNamespace`. */
  | { readonly kind: "mount"; readonly path: string; readonly mountNamespace: number }
  /** A namespace below it (pid, user), or one that this user namespace owns. */
  | { readonly kind: "namespace"; readonly type: NamespaceType; readonly inode: number };

/** A namespace. Its members are the processes that name it; it may have none. */
export interface HostNamespace {
  readonly type: NamespaceType;
  /** Inode number on nsfs: the number in `net:[4026531840]`. */
  readonly inode: number;
  /** The 64-bit id that is never given again (NS_GET_ID, Linux 6.13), as decimal text; absent before. */
  readonly id?: string | undefined;
  /** One of the namespaces of the host's own start. */
  readonly isInitial: boolean;
  /** Inode of the parent, of a pid or user namespace (NS_GET_PARENT): ioctl_nsfs(2). */
  readonly parent?: number | undefined;
  /** Inode of the user namespace that owns it (NS_GET_USERNS). */
  readonly owner?: number | undefined;
  /** Uid that made the owning user namespace; of a user namespace, that made itself. */
  readonly ownerUid?: number | undefined;
  /** At most 32, the others are counted. */
  readonly keepers: readonly NamespaceKeeper[];
  readonly keepersLeftOut: number;
  /** Key of the container that it belongs to: all members are in it. */
  readonly container?: string | undefined;
}

/** One cgroup of one hierarchy. */
export interface HostCgroup {
  readonly hierarchy: string;
  /** Below the hierarchy's root, `/` for the root itself; parents have rows of their own. */
  readonly path: string;
  /** Inode of its directory: a cgroup that was made anew under the same path is another one. */
  readonly inode: number;
  /** Processes directly in it. */
  readonly processes: number;
  /** Passes these controllers on (cgroup.subtree_control); version 1 has none. */
  readonly passesOn: readonly string[];
  readonly isFrozen: boolean;
  /** cgroup.type, where it is not an ordinary domain. */
  readonly type?: "domain threaded" | "domain invalid" | "threaded" | undefined;
  /** Uid that its files were given to, other than root. */
  readonly delegatedTo?: number | undefined;
  /** Who made it, in words for a person: `systemd: ssh.service`, `Docker`. */
  readonly manager?: string | undefined;
  readonly container?: string | undefined;
}

export interface HostHierarchy {
  /** `unified`, the controllers (`cpu,cpuacct`) or a named hierarchy (`name=systemd`). */
  readonly id: string;
  readonly version: 1 | 2;
  readonly controllers: readonly string[];
  readonly mountPoint: string;
}

/** The engines that are known by name; `unknown`: isolated by whoever, `terrarium`: our own sandboxes. */
export const engineNames = [
  "terrarium",
  "docker",
  "podman",
  "containerd",
  "kubernetes",
  "cri-o",
  "lxc",
  "nspawn",
  "runc",
  "crun",
  "bubblewrap",
  "flatpak",
  "snap",
  "chromium",
  "unknown",
] as const;

export type EngineName = (typeof engineNames)[number];

/** Where something was read, the strongest first. */
export const evidenceSources = [
  "registry",
  "engine's socket",
  "state file",
  "parent process",
  "cgroup path",
  "command line",
  "namespaces",
] as const;

export type EvidenceSource = (typeof evidenceSources)[number];

/** One thing that was read and led to what is said of a container. */
export interface Evidence {
  readonly source: EvidenceSource;
  /** What was read there: a path, a part of a command line. */
  readonly detail: string;
}

/** A group of processes that some engine isolates. */
export interface HostContainer {
  readonly engine: EngineName;
  /**
   * The engine's own id (containerd's with its namespace, `default/web`); where the engine gives none `PID:START` of
   * the topmost process. What names it has chosen itself may be a lie; control characters are replaced.
   */
  readonly id: string;
  /** The name that people know; absent where the engine gave none. */
  readonly name?: string | undefined;
  readonly image?: string | undefined;
  readonly state: "running" | "paused";
  /** Host pid of its topmost process, and when that started. */
  readonly pid: number;
  readonly startTimeTicks: number;
  /** Milliseconds since 1970, as the engine says, else of its topmost process. */
  readonly startedAtMs: number;
  /** Of Kubernetes and Podman. */
  readonly pod?: { readonly name: string; readonly namespace?: string | undefined } | undefined;
  /** Whose engine it is, where that is not root's: all that is said of the container is then this user's word. */
  readonly user?: number | undefined;
  /** The container around it. */
  readonly parent?: string | undefined;
  /** Directory by hierarchy id, of those that are its own alone. */
  readonly cgroups: Readonly<Record<string, string>>;
  /** Types that are its own, not those of the container around it or of the host. */
  readonly ownNamespaces: readonly NamespaceType[];
  /** How we know, the strongest first. */
  readonly evidence: readonly Evidence[];
}

/** What is said once of the whole host, with each change that touches it. */
export interface HostFacts {
  readonly cgroupMode: CgroupMode;
  readonly hierarchies: readonly HostHierarchy[];
  /** How processes are read: the BPF iterator, or /proc. */
  readonly taskSource: "bpf" | "proc";
  /** Processes whose namespaces the kernel did not let the helper read. */
  readonly deniedProcesses: number;
  /** What nobody looked at, because a process or a mount namespace has too many: a namespace may be missing. */
  readonly descriptorsLeftOut: number;
  readonly mountTablesCut: number;
  /** Hierarchies that have more, or deeper, cgroups than are listed. */
  readonly cgroupTreesCut: number;
}

/** One table per topic. */
export interface HostTables {
  readonly processes: HostProcess;
  readonly namespaces: HostNamespace;
  readonly cgroups: HostCgroup;
  readonly containers: HostContainer;
}

export const tableNames = ["processes", "namespaces", "cgroups", "containers"] as const;

export type TableName = (typeof tableNames)[number];

/** Whole tables, as "inventory/read" answers them: those that were asked for. */
export interface HostReport extends Partial<HostRows> {
  readonly host: HostFacts;
}

export type HostRows = { readonly [T in TableName]: readonly HostTables[T][] };

/** What makes a row itself. */
export const tableKeys: { readonly [T in TableName]: (row: HostTables[T]) => string } = {
  processes: ({ pid, startTimeTicks }) => `${pid}:${startTimeTicks}`,
  namespaces: ({ type, inode }) => `${type}:${inode}`,
  cgroups: ({ hierarchy, path }) => `${hierarchy}:${path}`,
  containers: containerKey,
};

/** Users, and whoever is inside a container, can give theirs the id of another's: these are other containers. */
function containerKey({ engine, id, user, parent }: HostContainer): string {
  const around = parent === undefined ? "" : `${parent}/`;
  return `${around}${engine}:${id}${user === undefined ? "" : `@${user}`}`;
}
