import type { KernelFileSystem } from "./mounts.ts";
import type { NamespaceType } from "./namespaces.ts";
import type { SandboxSpec } from "./schemas.ts";
import type { LinkFact } from "./sharing.ts";

/** One step in the making of the mount tree; the launcher takes them in this order. */
export interface PlannedMount {
  readonly kind: MountKind;
  /** On the host, for a root, a bind or a kept layer; what a symlink or a file of our own says. */
  readonly source?: string | undefined;
  readonly target: string;
  readonly readOnly?: boolean | undefined;
  /** Of a bind: false leaves out what is mounted below its source. */
  readonly recursive?: boolean | undefined;
  /** Of a tmpfs; without a size it is half of the memory at most. */
  readonly mode?: string | undefined;
  readonly sizeBytes?: number | undefined;
  /** Owners are shown through the sandbox's own id map: mount_setattr(2), MOUNT_ATTR_IDMAP. */
  readonly idMapped?: boolean | undefined;
  /**
   * Of a bind of the host's: id-mapped, so that its owners are shown, below an overlay that opens only what a
   * stranger on the host may. Preferred: a plain bind where the kernel cannot, with owners like nobody's.
   */
  readonly view?: "preferred" | "required" | undefined;
}

/**
 * `device` a node of the host's in /dev; `root` a directory that becomes the root; `pin` a path inside that cannot be renamed or removed;
 * `text` a read-only file that is nowhere on the host; `overlay` a writable layer over what is there, in memory where it has no source;
 * `protect` a path inside that becomes read-only; `tmpfs-shared` a tmpfs of mode 1777.
 */
export type MountKind =
  | "root"
  | "bind"
  | "device"
  | "pin"
  | "protect"
  | "tmpfs"
  | "tmpfs-shared"
  | "directory"
  | "symlink"
  | "overlay"
  | "text"
  | "dev"
  | KernelFileSystem;

/** A cgroup that would be made, and what would be written there, in this order. */
export interface PlannedCgroup {
  readonly hierarchyId: string;
  readonly directory: string;
  readonly writes: readonly { readonly file: string; readonly value: string }[];
}

/** The unit that systemd would be asked for, where it runs, to have the cgroups below. */
export interface PlannedScope {
  readonly unit: string;
  readonly properties: readonly { readonly name: string; readonly value: string }[];
}

/** Inside id, outside id, count: one line of uid_map (user_namespaces(7)). */
export type IdMapLine = readonly [inside: number, outside: number, count: number];

/** What would be done for a spec, without doing it. The id stands for the one that a launch would draw. */
export interface SandboxPlan {
  readonly id: string;
  readonly name: string;
  readonly hostname: string;
  readonly command: readonly string[];
  readonly workdir: string;
  /** One clone3(2) makes them; unshare(2) those of cgroup and time. */
  readonly cloneFlags: readonly string[];
  /** What setns(2) joins; types that are neither here nor new are the host's. */
  readonly joined: readonly { readonly type: NamespaceType; readonly path: string }[];
  /** Lines of /proc/PID/timens_offsets. */
  readonly timeOffsets: readonly string[];
  readonly uid: number;
  readonly gid: number;
  readonly uidMap: readonly IdMapLine[];
  readonly gidMap: readonly IdMapLine[];
  readonly mounts: readonly PlannedMount[];
  readonly scope?: PlannedScope | undefined;
  readonly cgroups: readonly PlannedCgroup[];
  /** What bounds the devices that it may open: version 1's controller, a program of BPF, or nothing. */
  readonly deviceWall: string;
  readonly link?: LinkFact | undefined;
  /** What is kept, of its own user namespace. */
  readonly capabilities: readonly string[];
  /** They are inheritable and ambient as well: for who is not root inside. */
  readonly ambient: boolean;
  /** Names only: values may be secrets. */
  readonly environment: readonly string[];
  /** The launcher and its options; a variable's value is shown as `…`. */
  readonly launcher: readonly string[];
  readonly spec: SandboxSpec;
}
