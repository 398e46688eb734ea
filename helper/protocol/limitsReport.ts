import type { CgroupMode, LimitReading } from "./inventory.ts";
import type { LimitFact, LimitName, LimitValueOf } from "./limits.ts";

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
  /** Which cgroups and process it was: given back to "limits/update", another one in its place is refused. */
  readonly identity: string;
  /** The unit of systemd that it is, which may write these limits, too. */
  readonly unit?: string | undefined;
  readonly rows: readonly LimitRowReport[];
  readonly trials: readonly LimitTrial[];
}

/** A limit that was changed for a time. */
export interface LimitTrial {
  readonly limit: LimitName;
  /** What it goes back to. */
  readonly before?: Value;
  /** It was to go back, and this is why the kernel did not take it: it is tried again. */
  readonly refused?: string | undefined;
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

/** Values to set; null: no limit any more. What is absent stays. */
export type LimitChanges = { readonly [N in LimitName]?: LimitValueOf<N> | null | undefined };

export interface UpdatedLimits {
  /** What Undo asks for. */
  readonly before: LimitChanges;
  /** Of the limits that were asked for, as the kernel holds them now. */
  readonly after: readonly LimitRowReport[];
  /** Each change in words. */
  readonly changes: readonly string[];
  /** What may undo it behind our back, and how it is made to last. */
  readonly note?: string | undefined;
  /** Put back after the time that was asked for, unless "limits/keep" names it. */
  readonly revert?: string | undefined;
}
