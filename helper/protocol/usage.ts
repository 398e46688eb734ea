/**
 * What a cgroup uses, as the kernel counts it: cgroup v2's words and units for both versions. A figure
 * that is absent is one that the kernel does not give here, never 0; what each means stands in
 * usageFigures.ts, and rates between two samples are made by usageRates.ts.
 */
export interface UsageSample {
  /** As it was asked for: a sandbox, a process id, or a cgroup's path. */
  readonly target: string;
  /** Milliseconds since 1970 by a clock that nobody sets (it stands still while the machine sleeps). */
  readonly atMs: number;
  /** Another one at the same path: the cgroup was removed and made again, and all counters began again. */
  readonly identity: string;
  readonly cpu?: CpuUsage | undefined;
  readonly memory?: MemoryUsage | undefined;
  readonly pids?: PidsUsage | undefined;
  /** Devices that the kernel has counted something for. */
  readonly io?: readonly DeviceUsage[] | undefined;
  readonly pressure?: Pressures | undefined;
  /** Interfaces of the target's own network namespace, without loopback; absent where it is the host's. */
  readonly network?: readonly InterfaceUsage[] | undefined;
  /** Sizes of which this machine has huge pages, or may make some. */
  readonly hugetlb?: readonly HugePageUsage[] | undefined;
}

/** Counters since the cgroup was made, but for its descendants' too. */
export interface CpuUsage {
  readonly usageUs: number;
  /** These three only where the cpu controller serves the cgroup. */
  readonly throttledUs?: number | undefined;
  readonly throttledPeriods?: number | undefined;
  /** Periods in which something ran; stays 0 without a quota. */
  readonly periods?: number | undefined;
  /** Its own quota, of one processor; cgroups above it may leave less. */
  readonly limitPercent?: number | undefined;
}

/** Bytes now; the last three count events. */
export interface MemoryUsage {
  readonly current: number;
  readonly anon?: number | undefined;
  readonly file?: number | undefined;
  readonly kernel?: number | undefined;
  readonly swap?: number | undefined;
  readonly peak?: number | undefined;
  readonly workingSet?: number | undefined;
  readonly high?: number | undefined;
  readonly max?: number | undefined;
  readonly highEvents?: number | undefined;
  readonly maxEvents?: number | undefined;
  readonly oomKills?: number | undefined;
}

export interface PidsUsage {
  readonly current: number;
  readonly max?: number | undefined;
}

export interface DeviceUsage {
  /** `254:0`, the kernel's numbers. */
  readonly device: string;
  /** `vda`, where the machine has it still. */
  readonly name?: string | undefined;
  readonly readBytes: number;
  readonly writeBytes: number;
  readonly readOps: number;
  readonly writeOps: number;
}

export const pressureKinds = ["cpu", "memory", "io"] as const;
export type PressureKind = (typeof pressureKinds)[number];
export type Pressures = { readonly [kind in PressureKind]?: Pressure | undefined };

/** Of psi.rst: percent over the last ten seconds, and stalled time since the cgroup was made. */
export interface Pressure {
  readonly some10: number;
  readonly someUs: number;
  readonly full10?: number | undefined;
  readonly fullUs?: number | undefined;
}

export interface InterfaceUsage {
  readonly interface: string;
  readonly rxBytes: number;
  readonly txBytes: number;
}

export interface HugePageUsage {
  /** `2MB`, as in the name of the file. */
  readonly pageSize: string;
  readonly current: number;
}

/** One round of what a watcher watches. */
export interface UsageRound {
  /** Whose request it answers: see "usage/watch". */
  readonly watcher: string;
  readonly samples: readonly UsageSample[];
  /** Targets that are not there now; they are looked for again. */
  readonly missing: readonly string[];
}
