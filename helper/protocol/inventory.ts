import type { LimitName } from "./limits.ts";
import type { LimitValue } from "./limitUnits.ts";
import type { NamespaceType } from "./namespaces.ts";
import type { SandboxSpec } from "./schemas.ts";
import type { LinkFact } from "./sharing.ts";

/** What the helper reports. Plain data: numbers are the kernel's, ids are stable between reports. */

export interface ProcessFact {
  readonly pid: number;
  /** Process ids from the outermost pid namespace to the innermost (`NSpid` of /proc/PID/status). */
  readonly nestedPids: readonly number[];
  readonly parentPid: number;
  readonly uid: number;
  /** /proc/PID/comm, control characters replaced. */
  readonly command: string;
  /** /proc/PID/cmdline joined by spaces, control characters replaced, 256 characters at most. */
  readonly commandLine: string;
  /** Field 22 of /proc/PID/stat; with the pid it identifies a process. */
  readonly startTimeTicks: number;
}

export type CgroupMode = "v1" | "v2" | "hybrid" | "none";

/** One limit as the kernel holds it, and the file that says so. */
export interface LimitReading {
  readonly limit: LimitName;
  readonly file: string;
  /** Undefined: no limit is set. */
  readonly value: LimitValue | undefined;
}

export type SandboxState = "created" | "creating" | "running" | "paused" | "exited";

export interface SandboxSummary {
  readonly id: string;
  readonly name: string;
  readonly state: SandboxState;
  /** Its command has, or had, a terminal of its own. */
  readonly tty: boolean;
  readonly hostname: string;
  readonly command: string;
  /** Milliseconds since 1970. */
  readonly createdAtMs: number;
  /** Host pid of the sandbox's PID 1; absent before it runs and after it ended. */
  readonly pid?: number | undefined;
  readonly exitCode?: number | undefined;
  /** Signal name when a signal ended it. */
  readonly exitSignal?: string | undefined;
  /** Docker's word: the kernel ended it, because memory ran out. */
  readonly oomKilled?: boolean | undefined;
  /** Every process in the sandbox's pid namespace, those started by exec too. */
  readonly processes: readonly ProcessFact[];
  readonly memoryBytes?: number | undefined;
  readonly limits: readonly LimitReading[];
  readonly owner: number;
}

export interface NamespaceShare {
  readonly type: NamespaceType;
  readonly inode: number;
  /** Shared with the helper's own, which is the host's unless the helper itself is inside a container. */
  readonly shared: boolean;
  /** Whose else it is: what a sandbox's spec names. */
  readonly joinedWith?: string | undefined;
}

export interface MountFact {
  readonly target: string;
  readonly source: string;
  readonly fileSystem: string;
  readonly options: string;
}

/** The first of them: what a sandbox mounts later comes after what it was made with. */
export interface MountList {
  readonly mounts: readonly MountFact[];
  /** How many more there are. */
  readonly mountsLeftOut: number;
}

/** A process with its user's name on the host; the number where it has none. */
export interface ProcessEntry extends ProcessFact {
  readonly user: string;
}

/** Those of a sandbox, those of a cgroup and of all below it, or a process and its descendants. */
export interface ProcessList {
  readonly processes: readonly ProcessEntry[];
  /** How many more there are than one would look at. */
  readonly leftOut: number;
}

export interface ProcessDetails extends ProcessEntry {
  readonly startedAtMs: number;
  readonly executable?: string | undefined;
  readonly workingDirectory?: string | undefined;
  readonly root?: string | undefined;
  readonly namespaces: readonly NamespaceShare[];
  /** Hierarchy id to path. */
  readonly cgroups: Readonly<Record<string, string>>;
  /** Names without CAP_, in the kernel's order. */
  readonly effectiveCapabilities: readonly string[];
  readonly boundingCapabilities: readonly string[];
  readonly noNewPrivileges: boolean;
  readonly seccomp: "off" | "strict" | "filter";
  readonly sandbox?: string | undefined;
}

/** One of the named processes that a sandbox's init supervises. */
export interface SupervisedFact {
  readonly name: string;
  readonly state: "waiting" | "running" | "restarting" | "exited";
  /** On the host, while it runs. */
  readonly pid?: number | undefined;
  readonly restarts: number;
  /** How its last run that has ended did; absent before. */
  readonly exitCode?: number | undefined;
  readonly exitSignal?: string | undefined;
}

export interface SandboxDetails extends SandboxSummary, MountList {
  readonly spec: SandboxSpec;
  readonly namespaces: readonly NamespaceShare[];
  /** Empty where the sandbox has one command. */
  readonly supervised: readonly SupervisedFact[];
  /** Hierarchy id to the directory of this sandbox. */
  readonly cgroups: Readonly<Record<string, string>>;
  readonly link?: LinkFact | undefined;
  /** Id maps as the kernel holds them: inside, outside, count. */
  readonly uidMap: readonly (readonly [number, number, number])[];
}
