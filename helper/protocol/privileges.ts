import * as z from "zod/mini";
import { capabilities } from "./capabilities.ts";

/**
 * The privilege part of a spec: what its processes may do beyond or below the default. The words are
 * Docker's and Compose's where these have one.
 */

const capabilityName = z.enum(["ALL", ...capabilities]);

/** Docker's spelling: NET_RAW, which an editor completes; net_raw and CAP_NET_RAW are the same. */
const capability = z.union(
  [
    capabilityName,
    z.pipe(
      z.pipe(
        z.string(),
        z.transform((text: string) => text.toUpperCase().replace(/^CAP_/, "")),
      ),
      capabilityName,
    ),
  ],
  "must be a capability, as in NET_RAW, or ALL",
);

const capabilityList = z.optional(z.array(capability).check(z.maxLength(capabilities.length)));

export const capabilityChanges = z.strictObject({ add: capabilityList, drop: capabilityList });

/** setrlimit(2), without RLIMIT_. */
export const ulimitNames = [
  "as",
  "core",
  "cpu",
  "data",
  "fsize",
  "locks",
  "memlock",
  "msgqueue",
  "nice",
  "nofile",
  "nproc",
  "rss",
  "rtprio",
  "rttime",
  "sigpending",
  "stack",
] as const;

const ulimitValue = z.union(
  [z.int().check(z.minimum(0)), z.literal("unlimited")],
  'must be a whole number, or "unlimited"',
);

/** One value is both limits, as in Compose. */
const ulimit = z
  .union(
    [ulimitValue, z.strictObject({ soft: ulimitValue, hard: ulimitValue })],
    'must be a whole number, "unlimited", or {"soft": …, "hard": …}',
  )
  .check(z.refine(isInOrder, "the soft limit must not be above the hard one"));

export const ulimits = z.partialRecord(z.enum(ulimitNames), ulimit);

export const seccompProfiles = ["default", "none"] as const;

export const landlockScopes = ["abstract-sockets", "signals"] as const;

/** Beside the mounts, which stay as they are: both must allow. */
export const landlock = <P extends z.ZodMiniType<string>>(path: P) => {
  const paths = z.optional(z.array(path).check(z.maxLength(256)));
  return z.strictObject({
    readOnly: paths,
    readWrite: paths,
    scopes: z.optional(z.array(z.enum(landlockScopes)).check(z.maxLength(landlockScopes.length))),
  });
};

export type UlimitName = (typeof ulimitNames)[number];
export type UlimitValue = z.output<typeof ulimitValue>;
export type Ulimit = z.output<typeof ulimit>;
export type Ulimits = z.output<typeof ulimits>;
export type CapabilityChanges = z.output<typeof capabilityChanges>;

export interface BothLimits {
  readonly soft: UlimitValue;
  readonly hard: UlimitValue;
}

export function bothLimits(limit: Ulimit): BothLimits {
  return typeof limit === "object" ? limit : { soft: limit, hard: limit };
}

function isInOrder(limit: Ulimit): boolean {
  const { soft, hard } = bothLimits(limit);
  return hard === "unlimited" || (soft !== "unlimited" && soft <= hard);
}
