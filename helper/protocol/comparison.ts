import type { ProcessFact } from "./inventory.ts";

/** What differs between two processes: why something works for one of them and not for the other. */

export const comparisonGroups = [
  "namespaces",
  "identity",
  "privileges",
  "files",
  "mounts",
  "cgroups",
  "limits",
  "sysctls",
  "environment",
] as const;
export type ComparisonGroup = (typeof comparisonGroups)[number];

export const comparisonGroupTitles: Readonly<Record<ComparisonGroup, string>> = {
  namespaces: "Namespaces",
  identity: "User and groups",
  privileges: "Privileges",
  files: "Root and working directory",
  mounts: "Mounts",
  cgroups: "Cgroups",
  limits: "Limits in force",
  sysctls: "Kernel settings of their namespaces",
  environment: "Environment at their start",
};

/** One thing that is not the same; absent where a process has none. */
export interface Difference {
  readonly name: string;
  readonly left?: string | undefined;
  readonly right?: string | undefined;
}

export interface ComparedGroup {
  readonly group: ComparisonGroup;
  /** How many things are the same. */
  readonly same: number;
  readonly differences: readonly Difference[];
  /** Differences beside those that are named. */
  readonly leftOut: number;
  /** Why it could not be compared; then nothing else is said. */
  readonly notKnown?: string | undefined;
}

export interface ComparedProcess {
  readonly process: ProcessFact;
  /** Name of the sandbox that it is in. */
  readonly sandbox?: string | undefined;
}

export interface Comparison {
  readonly left: ComparedProcess;
  readonly right: ComparedProcess;
  readonly groups: readonly ComparedGroup[];
}
