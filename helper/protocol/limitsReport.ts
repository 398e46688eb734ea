import type { CgroupMode, LimitReading } from "./inventory.ts";
import type { LimitFact, LimitName } from "./limits.ts";

/** Every limit of one target as the kernel holds it, and what the cgroups above it leave of it. */
export interface LimitsReport {
  /** As it was asked for: what "limits/update" takes. */
  readonly target: string;
  readonly title: string;
  readonly kind: "sandbox" | "process" | "cgroup";
  /** Id of the sandbox that it is, or that it is part of. */
  readonly sandbox?: string | undefined;
  /** Terrarium made it: it is changed without being asked twice. */
  readonly own: boolean;
  readonly mode: CgroupMode;
  readonly rows: readonly LimitRowReport[];
}

type Value = LimitReading["value"];

/** One limit. A value that is absent is none: the kernel holds no limit there. */
export interface LimitRowReport extends Pick<LimitFact, "unit" | "minimum" | "maximum"> {
  readonly limit: LimitName;
  readonly file?: string | undefined;
  readonly value?: Value;
  /** What the same file of the cgroup above says. */
  readonly parent?: Value;
  readonly effective?: EffectiveLimit | undefined;
  /** Why it cannot be had here; then there is no file either. */
  readonly unavailable?: string | undefined;
}

/** What holds a process of the target, together with all that is above: the first limit that it runs into. */
export interface EffectiveLimit {
  readonly value: NonNullable<Value>;
  /** Of the cgroup that sets it: the directory that it lies in is a target, too. */
  readonly file: string;
  /** That cgroup's name: a sandbox's, or the last component of its path. */
  readonly title: string;
}
