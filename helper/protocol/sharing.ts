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

export const networkModes = ["none", "veth", "nat", "host"] as const;
export type NetworkMode = (typeof networkModes)[number];

/** Docker's word for the network namespace: loopback alone, a link to the host, a way out by it, or the host's. */
export const network = z.strictObject({ mode: z.enum(networkModes) });

const addressPattern = /^((25[0-5]|2[0-4]\d|1?\d?\d)(\.(?=\d)|$)){4}$/;

/** Docker's and Compose's word. */
export const nameServers = z
  .array(z.string().check(z.regex(addressPattern, "must be an IPv4 address")))
  .check(z.minLength(1), z.maxLength(3));

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

/** Its network namespace has one end of a pair of devices, the host the other: veth(4). */
export function hasLink(spec: {
  readonly network?: { readonly mode: NetworkMode } | undefined;
}): boolean {
  return spec.network?.mode === "veth" || spec.network?.mode === "nat";
}

/** The link of a sandbox: the host's end and the sandbox's, each a device and its address. */
export interface LinkFact {
  readonly mode: NetworkMode;
  readonly host: { readonly device: string; readonly address: string };
  readonly sandbox: { readonly device: string; readonly address: string };
}

/** `nat  eth0 10.213.0.2 → tr-a1b2c3d4e5f6 10.213.0.1`. */
export function describeLink({ mode, host, sandbox }: LinkFact): string {
  return `${mode}  ${sandbox.device} ${sandbox.address} → ${host.device} ${host.address}`;
}
