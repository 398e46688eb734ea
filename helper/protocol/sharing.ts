import * as z from "zod/mini";
import type { NamespaceType } from "./namespaces.ts";

/** The namespace part of a spec: which of the eight are the sandbox's own, the host's or somebody's. */

const target = z
  .string()
  .check(
    z.regex(
      /^(\/[^\0]{0,4094}|[A-Za-z0-9][A-Za-z0-9_.-]{0,62})$/,
      "must be a sandbox, a process id, or an absolute path",
    ),
  );

const choice = z.union(
  [z.enum(["new", "host"]), z.strictObject({ join: target })],
  'must be "new", "host", or {"join": a sandbox, a process id or an absolute path}',
);

const optionalChoice = z.optional(choice);

export const namespaceChoices = z.strictObject({
  pid: optionalChoice,
  mnt: optionalChoice,
  net: optionalChoice,
  user: optionalChoice,
  uts: optionalChoice,
  ipc: optionalChoice,
  cgroup: optionalChoice,
  time: optionalChoice,
} satisfies Record<NamespaceType, typeof optionalChoice>);

export const networkModes = ["none", "host"] as const;

/** Docker's word for the network namespace. */
export const network = z.strictObject({ mode: z.enum(networkModes) });

const offset = z.optional(
  z.strictObject({
    secs: z.int(),
    nanosecs: z.optional(z.int().check(z.minimum(0), z.maximum(999_999_999))),
  }),
);

/** OCI's words: linux.timeOffsets. */
export const timeOffsets = z.strictObject({ boottime: offset, monotonic: offset });

export const clocks = ["boottime", "monotonic"] as const;

export type NamespaceChoice = z.output<typeof choice>;
export type NamespaceChoices = z.output<typeof namespaceChoices>;
export type TimeOffsets = z.output<typeof timeOffsets>;

/** Most programs take the host's clocks for granted: time is the host's unless it is asked for. */
export function defaultChoice(type: NamespaceType): "new" | "host" {
  return type === "time" ? "host" : "new";
}

export function namespaceChoice(choices: NamespaceChoices, type: NamespaceType): NamespaceChoice {
  return choices[type] ?? defaultChoice(type);
}

export function isNew(choices: NamespaceChoices, type: NamespaceType): boolean {
  return namespaceChoice(choices, type) === "new";
}

/** Whom a namespace is joined with; undefined where it is not. */
export function joinedTarget(choices: NamespaceChoices, type: NamespaceType): string | undefined {
  const chosen = namespaceChoice(choices, type);
  return typeof chosen === "object" ? chosen.join : undefined;
}
