import { landlockOptions } from "../../launch/landlock.ts";
import { capabilities } from "../../protocol/capabilities.ts";
import { TerrariumError } from "../../protocol/errors.ts";
import type { PlannedMount } from "../../protocol/plan.ts";
import { bothLimits, type Ulimits, ulimitNames } from "../../protocol/privileges.ts";
import type { SandboxSpec } from "../../protocol/schemas.ts";
import { isNew } from "../../protocol/sharing.ts";
import type { SandboxIdentity } from "../identity/identity.ts";

/** What a sandbox's processes may do: the spec's wish, applied to who they are and what they see. */
export interface Privileges {
  /** Kept in the bounding, permitted and effective sets; as linux/capability.h has them, in small letters. */
  readonly capabilities: readonly string[];
  /** Inheritable and ambient as well: who is not root keeps nothing else through execve(2). */
  readonly ambient: boolean;
}

/**
 * Never beside a writable part of the host. A file capability that is set there would be the host's own
 * (design, "planting"); with FSETID a set-uid file there would keep its bit when its content is replaced.
 */
const neverBesideHost: readonly string[] = ["SETFCAP", "FSETID"];

/** A kept layer is a directory of the host's, too. */
const hostKinds: readonly PlannedMount["kind"][] = ["bind", "root", "overlay"];

/** Throws invalidRequest for a wish that would open something on the host. */
export function planPrivileges(
  spec: SandboxSpec,
  identity: SandboxIdentity,
  mounts: readonly PlannedMount[],
): Privileges {
  const writable = writablePlace(spec, mounts);
  if (writable) checkBeside(spec, writable);
  if (!spec.noNewPrivileges) checkSetId(spec, identity);
  const defaults = identity.capabilities.map((name) => name.toUpperCase());
  const chosen = choose(spec.capabilities, defaults);
  if (spec.seccomp === "none" && chosen.includes("SYS_ADMIN")) checkReadOnly(spec);
  // ALL means all that can be given here.
  const given = chosen.filter((name) => !writable || !neverBesideHost.includes(name));
  return {
    capabilities: given.map((name) => name.toLowerCase()),
    ambient: identity.uid !== 0,
  };
}

/** Docker's rule: the defaults, less what is dropped, and what is added; a name that is in both is dropped. */
function choose(
  { add = [], drop = [] }: SandboxSpec["capabilities"],
  defaults: readonly string[],
): readonly string[] {
  const added = (name: (typeof capabilities)[number]) => add.includes("ALL") || add.includes(name);
  const kept = (name: string) => !drop.includes("ALL") && defaults.includes(name);
  return capabilities.filter((name) => (added(name) || kept(name)) && !drop.includes(name));
}

/** What of the host, or of who knows whom, can be written to inside; in words. */
function writablePlace(
  { namespaces }: SandboxSpec,
  mounts: readonly PlannedMount[],
): string | undefined {
  if (!isNew(namespaces, "mnt")) return "the mount namespace that it shares";
  const found = mounts.find(
    ({ kind, source, readOnly }) => hostKinds.includes(kind) && source !== undefined && !readOnly,
  );
  return found && `${found.source} of the host`;
}

function checkBeside({ capabilities: { add = [] }, seccomp }: SandboxSpec, place: string): void {
  const named = add.find((name) => neverBesideHost.includes(name));
  if (named) {
    throw refused(
      `${named} cannot be added while ${place} is writable: set-uid files and file capabilities there would be the host's. Mount it read-only (:ro).`,
    );
  }
  if (seccomp === "none") {
    throw refused(
      `The system-call filter cannot be left out while ${place} is writable: it is what keeps set-uid files from being planted there. Mount it read-only (:ro).`,
    );
  }
}

/**
 * Who may mount makes a read-only bind writable again: its flags were set in the sandbox's own user namespace,
 * and are locked for those below it only (mount_namespaces(7)). What a view of the host shows has owners that
 * nobody inside is.
 */
function checkReadOnly({ mounts }: SandboxSpec): void {
  const bind = mounts.find(({ type }) => type === "bind");
  if (bind?.type !== "bind") return;
  throw refused(
    `The system-call filter cannot be left out beside SYS_ADMIN while ${bind.source} of the host is mounted: it is what keeps a read-only mount from being made writable inside. Leave out one of the three.`,
  );
}

/**
 * Without no_new_privs set-uid programs of the root directory work, as su does. The ids that they give are
 * the sandbox's own range; elsewhere every mount is nosuid, or their owner is nobody inside.
 */
function checkSetId({ rootfs, overlay }: SandboxSpec, { idMappedBinds }: SandboxIdentity): void {
  if (rootfs.type === "directory" && overlay === "none" && idMappedBinds) return;
  throw refused(
    "noNewPrivileges: false does nothing here: set-uid programs work only in a root directory of the sandbox's own (--rootfs) without an overlay (its layers are nosuid, those of a tarball too), with a range of ids, which a helper that runs as root gives.",
  );
}

/** The launcher's options, for `run`. */
export function privilegeOptions(spec: SandboxSpec, privileges: Privileges): readonly string[] {
  const option = privileges.ambient ? "--ambient-cap" : "--keep-cap";
  return [
    ...privileges.capabilities.flatMap((name) => [option, name]),
    ...(spec.noNewPrivileges ? [] : ["--new-privileges"]),
    ...(spec.seccomp === "none" ? ["--seccomp", "none"] : []),
    ...ulimitOptions(spec.ulimits),
    ...landlockOptions(spec.landlock),
  ];
}

function ulimitOptions(ulimits: Ulimits): readonly string[] {
  return namedUlimits(ulimits).flatMap(([name, { soft, hard }]) => [
    "--rlimit",
    name,
    `${soft}:${hard}`,
  ]);
}

/** In the order of the names. */
export function namedUlimits(ulimits: Ulimits) {
  return ulimitNames.flatMap((name) => {
    const limit = ulimits[name];
    return limit === undefined ? [] : [[name, bothLimits(limit)] as const];
  });
}

function refused(reason: string): TerrariumError {
  return new TerrariumError("invalidRequest", { reason });
}
