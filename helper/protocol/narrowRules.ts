import { parseDuration } from "./duration.ts";
import { type CgroupLimitName, cgroupLimitNames, limitFacts } from "./limits.ts";
import { namespaceTypes } from "./namespaces.ts";
import { overlays } from "./overlays.ts";
import { bothLimits, type Ulimit, type UlimitValue, ulimitNames } from "./privileges.ts";
import type { SandboxSpecInput } from "./schemas.ts";
import { type NetworkMode, namespaceChoice, networkModes } from "./sharing.ts";

/**
 * What one spec asks for beyond another. One rule for each key, so that a key without one does not compile; what is
 * neither known to be less nor the same counts as more. Names and paths are spelled as in the file.
 */

export type SpecKey = keyof SandboxSpecInput;
type Values = { readonly [K in SpecKey]-?: NonNullable<SandboxSpecInput[K]> };
type Judge<V> = (asked: V, allowed: SandboxSpecInput, all: SandboxSpecInput) => readonly string[];
type Rules = { readonly [K in SpecKey]: Judge<Values[K]> };

export function widenings(allowed: SandboxSpecInput, asked: SandboxSpecInput): readonly string[] {
  return keys.flatMap((key) => judge(key, allowed, asked));
}

function judge<K extends SpecKey>(
  key: K,
  allowed: SandboxSpecInput,
  asked: SandboxSpecInput,
): readonly string[] {
  const values: { readonly [N in SpecKey]?: Values[N] | undefined } = asked;
  const value = values[key];
  return value === undefined ? [] : rules[key](value, allowed, asked);
}

const nothing = () => [];

const rules: Rules = {
  // A layer is kept under the sandbox's name: another's may hold another folder's files.
  name: (name, allowed, { overlay = allowed.overlay }) =>
    when(overlay === "kept" && name !== allowed.name, `uses the layer that is kept as: ${name}`),
  rootfs: (rootfs, allowed) =>
    when(
      !isSame(rootfs, allowed.rootfs ?? { type: "host" }),
      rootfs.type === "host" ? "has the host's root directory" : `has as its root: ${rootfs.path}`,
    ),
  userns: (userns, allowed) =>
    when(userns === "root" && allowed.userns !== "root", "is root inside"),
  namespaces: (namespaces, allowed) =>
    namespaceTypes.flatMap((type) => {
      const choice = namespaceChoice(namespaces, type);
      if (namespaces[type] === undefined || choice === "new") return [];
      const isAllowed = isSame(choice, namespaceChoice(allowed.namespaces ?? {}, type));
      const whose = typeof choice === "object" ? choice.join : "the host";
      return when(!isAllowed, `has the ${type} namespace of: ${whose}`);
    }),
  network: ({ mode }, allowed) =>
    when(reach(mode) > reach(networkOf(allowed)), `has a network: ${mode}`),
  dns: (dns, allowed) => when(!isSame(dns, allowed.dns), `asks name servers: ${dns.join(", ")}`),
  timeOffsets: (offsets, allowed) =>
    when(
      !isOwnNamespace("time", allowed) && !isSame(offsets, allowed.timeOffsets),
      "sets the clocks of a time namespace that is not its own",
    ),
  hostname: (hostname, allowed) =>
    when(
      !isOwnNamespace("uts", allowed) && hostname !== allowed.hostname,
      `sets the name of another UTS namespace: ${hostname}`,
    ),
  workspace: (path, { workspace }) => when(path !== workspace, `can change: ${path}`),
  workdir: nothing,
  overlay: (overlay, allowed) =>
    when(
      overlays.indexOf(overlay) > overlays.indexOf(allowed.overlay ?? "none"),
      `has a layer over the root directory: ${overlay}`,
    ),
  lxcfs: (lxcfs, allowed) => when(lxcfs && !allowed.lxcfs, "is shown the machine by lxcfs"),
  readOnly: (readOnly, allowed) =>
    when(!readOnly && (allowed.readOnly ?? false), "can make files in the root directory"),
  mounts: (mounts, allowed) => mounts.flatMap((mount) => mountWidening(mount, allowed)),
  devices: (devices, allowed) => more("opens devices of the host", devices, allowed.devices),
  env: (env, allowed) => {
    const known = allowed.env ?? {};
    const names = Object.keys(env).filter((name) => known[name] !== env[name]);
    return more("sets variables", names, []);
  },
  passEnv: (names, allowed) => more("is given your variables", names, allowed.passEnv),
  init: nothing,
  limits: (limits, allowed) =>
    cgroupLimitNames.flatMap((name) => {
      const isMore = limits[name] !== undefined && !isLimitWithin(name, limits, allowed.limits);
      return when(isMore, `sets a limit more widely than you: ${limitFacts[name].label}`);
    }),
  capabilities: ({ add }, allowed) =>
    more("has capabilities inside", add ?? [], allowed.capabilities?.add),
  noNewPrivileges: (isSet, allowed) =>
    when(!isSet && allowed.noNewPrivileges !== false, "may gain privileges by set-uid programs"),
  seccomp: (profile, allowed) =>
    when(profile === "none" && allowed.seccomp !== "none", "may make every system call: no filter"),
  ulimits: (ulimits, allowed) =>
    ulimitNames.flatMap((name) => {
      const isMore =
        ulimits[name] !== undefined && !isWithin(ulimits[name], allowed.ulimits?.[name]);
      return when(isMore, `sets a resource limit more widely than you: ${name}`);
    }),
  landlock: (landlock, allowed) =>
    when(
      allowed.landlock !== undefined && !isSame(landlock, allowed.landlock),
      "has other Landlock rules than yours",
    ),
  timeout: (timeout, allowed) =>
    when(
      allowed.timeout !== undefined && milliseconds(timeout) > milliseconds(allowed.timeout),
      `runs longer: ${timeout}`,
    ),
  // They are left out: what runs is the person's own shell.
  args: nothing,
  processes: nothing,
};

const keys = Object.keys(rules) as readonly SpecKey[];

function when(isMore: boolean, words: string): readonly string[] {
  return isMore ? [words] : [];
}

function more(
  what: string,
  asked: readonly string[],
  allowed: readonly string[] | undefined,
): readonly string[] {
  const names = asked.filter((name) => !allowed?.includes(name));
  return names.length === 0 ? [] : [`${what}: ${names.join(", ")}`];
}

/** The clocks are the host's unless a namespace of its own is asked for, as offsets do. */
function isOwnNamespace(type: "time" | "uts", { namespaces = {} }: SandboxSpecInput): boolean {
  return namespaces[type] === undefined || namespaces[type] === "new";
}

/** Each of Docker's words reaches what the one before does. */
function reach(mode: NetworkMode): number {
  return networkModes.indexOf(mode);
}

function networkOf({ network, namespaces }: SandboxSpecInput): NetworkMode {
  return namespaces?.net === "host" ? "host" : (network?.mode ?? "none");
}

export type Mount = Values["mounts"][number];

/**
 * The user's own stay whatever is asked (narrow.ts), for one may hide what is below another. A path may lead anywhere
 * by a link, so that no other is bound but the folder itself, to be read where it is there anyway. A tmpfs takes
 * nothing of the host.
 */
function mountWidening(mount: Mount, allowed: SandboxSpecInput): readonly string[] {
  const isOwn = (allowed.mounts ?? []).some((one) => isSame(one, mount));
  if (isOwn || mount.type === "tmpfs" || isFolderToRead(mount, allowed)) return [];
  if (mount.type !== "bind") return [`mounts ${mount.type} at: ${mount.target}`];
  return [`can ${mount.readOnly ? "read" : "change"}: ${mount.source}`];
}

/** The folder at its own path, as the workspace is, but read-only. */
export function isFolderToRead(mount: Mount, { workspace }: SandboxSpecInput): boolean {
  if (mount.type !== "bind" || !mount.readOnly) return false;
  return mount.source === workspace && mount.target === workspace;
}

/** Of these any value is less than none, and a smaller number less than a greater one. */
const ceilings: ReadonlySet<CgroupLimitName> = new Set([
  "cpusetCpus",
  "cpusetMems",
  "cpuBurstUs",
  "memoryBytes",
  "memoryHighBytes",
  "swapBytes",
  "pidsMax",
  "ioReadBytes",
  "ioWriteBytes",
  "ioReadOps",
  "ioWriteOps",
  "hugetlbBytes",
  "netRateUp",
  "netRateDown",
]);

type SpecLimits = Values["limits"];

function isLimitWithin(
  name: CgroupLimitName,
  limits: SpecLimits,
  allowed: SpecLimits = {},
): boolean {
  const [value, bound] = [limits[name], allowed[name]];
  if (isSame(value, bound)) return true;
  if (name === "cpuQuotaUs" || name === "cpuPeriodUs")
    return share({ ...allowed, ...limits }) <= share(allowed);
  if (!ceilings.has(name)) return false;
  if (bound === undefined) return true;
  return typeof value === "number" && typeof bound === "number" && value <= bound;
}

/** Of one processor's time; cpu.max of cgroup-v2.rst. */
function share({ cpuQuotaUs, cpuPeriodUs = 100_000 }: SpecLimits): number {
  return cpuQuotaUs === undefined ? Number.POSITIVE_INFINITY : cpuQuotaUs / cpuPeriodUs;
}

/** Without the user's own limit it is not known what there would be. */
function isWithin(ulimit: Ulimit, allowed: Ulimit | undefined): boolean {
  if (allowed === undefined) return false;
  const [ours, theirs] = [bothLimits(ulimit), bothLimits(allowed)];
  return most(ours.soft) <= most(theirs.soft) && most(ours.hard) <= most(theirs.hard);
}

function most(value: UlimitValue): number {
  return value === "unlimited" ? Number.POSITIVE_INFINITY : value;
}

function milliseconds(duration: string): number {
  return parseDuration(duration) ?? Number.POSITIVE_INFINITY;
}

/** Of plain data: what is written in another order is another thing, and so counts as more. */
export function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
