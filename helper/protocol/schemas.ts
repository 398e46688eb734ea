import * as z from "zod/mini";
import en from "zod/v4/locales/en.js";
import { devices } from "./devices.ts";
import { durationPattern, parseDuration } from "./duration.ts";
import { exportFormats } from "./exports.ts";
import { followedNames, toolboxChoices } from "./following.ts";
import { tableNames } from "./hostTables.ts";
import { watchedTableNames } from "./inventoryChanges.ts";
import { limit, limitChanges, limits } from "./limitWords.ts";
import { mount, rootfs, tmpfsSize } from "./mounts.ts";
import { namespaceTypes, usernsChoices } from "./namespaces.ts";
import { overlays } from "./overlays.ts";
import { capabilityChanges, landlock, seccompProfiles, ulimits } from "./privileges.ts";
import { nameServers, namespaceChoices, network, timeOffsets } from "./sharing.ts";
import { signalNames } from "./signals.ts";

/**
 * What a client may send, checked at the edge. Every object is strict: an unknown key is an error.
 * The helper alone runs these; clients import the types.
 */

// What is wrong is said in zod's words; zod/mini, a quarter of zod to load, comes without any.
z.config(en());

/** Linux's PATH_MAX; NUL cannot be part of a path or an argument. */
const text = (maximum: number) =>
  z.string().check(z.maxLength(maximum), z.regex(/^[^\0]*$/, "must hold no NUL"));
const absolutePath = text(4095).check(z.regex(/^\//, "must be an absolute path"));

const argument = text(131_071);
const commandLine = z
  .array(argument)
  .check(z.minLength(1, "must name a command"), z.maxLength(4096));

/** hostname(7): letters, digits and hyphens, 63 at most (the kernel takes 64 bytes). */
const hostname = z
  .string()
  .check(
    z.regex(
      /^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/,
      "must be letters, digits and hyphens, 63 at most",
    ),
  );

/**
 * A name becomes a directory, a host name and a title: nothing that means something to any of them. Digits
 * alone would be a process id to "terrarium inspect" and "enter".
 */
export const sandboxName = z
  .string()
  .check(
    z.regex(
      /^(?!\d+$)[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/,
      "must begin with a letter or digit, then letters, digits, . _ -, 63 at most, and not be a number",
    ),
  );

/** SHA-256 of a tarball. */
const imageName = z.string().check(z.regex(/^[0-9a-f]{64}$/, "must be the name of a layer"));

const environmentName = z
  .string()
  .check(z.regex(/^[A-Za-z_][A-Za-z0-9_]{0,255}$/, "must be a variable's name"));
const environment = z.record(environmentName, argument);

/** `30m`, `1h30m`, `90s`. */
const duration = z.string().check(
  z.regex(durationPattern, "must be a duration, as in 30m or 1h30m"),
  z.refine((text) => parseDuration(text) !== undefined, "must be between 1ms and 366 days"),
);

const processName = z
  .string()
  .check(
    z.regex(
      /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/,
      "must begin with a letter or digit, then letters, digits, . _ -, 63 at most",
    ),
  );

/** One of several commands that init supervises; Compose's words. */
const supervisedProcess = z.strictObject({
  name: processName,
  args: commandLine,
  /** Compose's and Docker's policies; with a back-off of 100 ms to a minute. */
  restart: z._default(z.enum(["no", "on-failure", "always"]), "no"),
  /** Those that must have been started before. */
  after: z._default(z.array(processName).check(z.maxLength(64)), []),
});

/** A sandbox in words: the words of sandbox.json. */
export const sandboxSpec = z.strictObject({
  name: z.optional(sandboxName),
  rootfs: z._default(rootfs(absolutePath), { type: "host" }),
  userns: z._default(z.enum(usernsChoices), "keep-id"),
  /** One of the eight types to new, host, or whom it is joined with. */
  namespaces: z._default(namespaceChoices, {}),
  network: z.optional(network),
  dns: z.optional(nameServers),
  timeOffsets: z.optional(timeOffsets),
  hostname: z.optional(hostname),
  /** Mounted read-write at its own path; its git hooks, git configuration and .vscode stay read-only. */
  workspace: z.optional(absolutePath),
  workdir: z.optional(absolutePath),
  /** A writable layer over the root: in memory, or kept for the next sandbox of this name. */
  overlay: z._default(z.enum(overlays), "none"),
  /** Where lxcfs runs: its figures of the machine in the place of the host's. */
  lxcfs: z._default(z.boolean(), false),
  /** Nothing can be made in the root directory itself. */
  readOnly: z._default(z.boolean(), false),
  mounts: z._default(
    z
      .array(mount(absolutePath, absolutePath, { sizeBytes: limit(tmpfsSize) }))
      .check(z.maxLength(256)),
    [],
  ),
  /** Device nodes of the host. */
  devices: z.optional(devices),
  env: z._default(environment, {}),
  /** Variables of the client's that get inside beside those of the allow-list. */
  passEnv: z._default(z.array(environmentName).check(z.maxLength(256)), []),
  /** Our own init as PID 1; without it the command itself is PID 1. */
  init: z._default(z.boolean(), true),
  limits: z._default(limits, {}),
  /** Docker's: the defaults, less what is dropped, and what is added. */
  capabilities: z._default(capabilityChanges, {}),
  /** False lets set-uid programs of a root directory work inside. */
  noNewPrivileges: z._default(z.boolean(), true),
  seccomp: z._default(z.enum(seccompProfiles), "default"),
  ulimits: z._default(ulimits, {}),
  landlock: z.optional(landlock(absolutePath)),
  /** The sandbox is ended when it has run that long (wall-clock time, a pause included). */
  timeout: z.optional(duration),
  args: z.optional(commandLine),
  /** Instead of one command: the sandbox ends when all of them have ended. */
  processes: z.optional(z.array(supervisedProcess).check(z.minLength(1), z.maxLength(64))),
});

/** How the command's input and output reach the client: its own pty, the client's descriptors, or nothing. */
const stdio = z.enum(["tty", "inherit", "none"]);

const terminalEnvironment = z._default(environment, {});
/** For a terminal of an editor's: the shell tells it of prompts, commands and the working directory (OSC 633). */
const shellIntegration = z._default(z.boolean(), false);
const sandboxTarget = z.string().check(z.minLength(1), z.maxLength(64));
/** A sandbox, a process (PID or PID@START), or a cgroup: a path that begins with a slash. */
const cgroupTarget = text(4095).check(z.minLength(1));
/** A process (PID or PID@START), or a sandbox: its command. */
const comparedTarget = text(64).check(z.minLength(1));
const revertId = z.string().check(z.regex(/^[0-9a-f]{12}$/, "must be what an update answered"));
const pid = z.int().check(z.minimum(1), z.maximum(4_194_304));
const process = {
  pid,
  /** Field 22 of /proc/PID/stat: refuses a process id that was given to somebody else since. */
  startTimeTicks: z.optional(z.int().check(z.minimum(0))),
};
const namespaceType = z.enum(namespaceTypes);

/** A sandbox, a process id, or a cgroup's path: helper/sandboxes/cgroupTarget.ts. */
const usageTarget = text(4095).check(z.minLength(1));
const usageTargets = z.array(usageTarget).check(z.maxLength(4096));

/** How a sandbox that starts is attended. */
const attendance = {
  stdio: z._default(stdio, "tty"),
  /** A process, the client's own: when it ends, however it does, the sandbox is killed. */
  dieWith: z.optional(pid),
  /** The client's variables; only those on the allow-list or in passEnv get inside. */
  clientEnv: terminalEnvironment,
  shellIntegration,
};

const creation = z.strictObject({
  spec: sandboxSpec,
  ...attendance,
  /** Keep the record (with the exit code) after the sandbox has ended. */
  keep: z._default(z.boolean(), false),
});

const entry = z.strictObject({
  /** The process, or in its place `target`. */
  pid: z.optional(pid),
  startTimeTicks: process.startTimeTicks,
  /**
   * What stays the same when its processes are others: a container's key (tableKeys.containers), whose topmost process is
   * entered, or a cgroup's path, of which it is the oldest one.
   */
  target: z.optional(cgroupTarget),
  /** The namespaces to join; absent: all that differ from the helper's. */
  only: z.optional(z.array(namespaceType).check(z.minLength(1), z.maxLength(8))),
  /** What is taken over of the process; empty: nothing. The rest means something with its identity only. */
  follow: z._default(
    z
      .array(z.enum(followedNames))
      .check(z.maxLength(followedNames.length))
      .check(
        z.refine((names) => names.length === 0 || names.includes("identity"), "needs identity"),
      ),
    [...followedNames],
  ),
  /** Root of its user namespace, with all capabilities there and no filter. */
  asRoot: z._default(z.boolean(), false),
  /** Brings a shell and tools along: `auto` where the target has no shell. */
  toolbox: z._default(z.enum(toolboxChoices), "never"),
  /** Lets the cgroups go that hold it still, and whatever else is in them. */
  thaw: z._default(z.boolean(), false),
  workdir: z.optional(absolutePath),
  args: z.optional(commandLine),
  stdio: z._default(stdio, "tty"),
  clientEnv: terminalEnvironment,
  shellIntegration,
});

const eventSelection = z.strictObject({
  /** Every sandbox, those to come too. */
  sandboxes: z._default(z.boolean(), false),
  targets: z._default(z.array(cgroupTarget).check(z.maxLength(256)), []),
});

/** One row per method: the parameters that the helper accepts. */
export const parameterSchemas = {
  /** Not strict: a client of a later version is to hear that it is one, whatever else it says. */
  initialize: z.object({
    client: text(128),
    protocol: z.int(),
    /** Its build; one that names another than the helper's is refused. */
    version: z.optional(text(64)),
  }),
  /** The text of a sandbox.json and the folder that it lies in; answers the spec. */
  "sandbox/parse": z.strictObject({
    text: z.string().check(z.maxLength(262_144)),
    folder: absolutePath,
  }),
  "sandbox/plan": creation,
  "sandbox/export": z.extend(creation, { as: z.enum(exportFormats) }),
  /** Without `start` it is only written down, until "sandbox/start". */
  "sandbox/create": z.extend(creation, { start: z._default(z.boolean(), true) }),
  "sandbox/start": z.strictObject({ target: sandboxTarget, ...attendance }),
  "sandbox/list": z.strictObject({ all: z._default(z.boolean(), true) }),
  "sandbox/inspect": z.strictObject({ target: sandboxTarget }),
  "sandbox/isolation": z.strictObject({ target: sandboxTarget }),
  "sandbox/exec": z.strictObject({
    target: sandboxTarget,
    args: z.optional(commandLine),
    workdir: z.optional(absolutePath),
    env: z._default(environment, {}),
    stdio: z._default(stdio, "tty"),
    clientEnv: terminalEnvironment,
    shellIntegration,
  }),
  "sandbox/stop": z.strictObject({
    target: sandboxTarget,
    timeoutMs: z._default(z.int().check(z.minimum(0), z.maximum(600_000)), 5_000),
  }),
  "sandbox/kill": z.strictObject({
    target: sandboxTarget,
    signal: z._default(z.enum(signalNames), "SIGKILL"),
  }),
  "sandbox/pause": z.strictObject({ target: sandboxTarget }),
  "sandbox/unpause": z.strictObject({ target: sandboxTarget }),
  "sandbox/remove": z.strictObject({
    target: sandboxTarget,
    force: z._default(z.boolean(), false),
  }),
  "limits/read": z.strictObject({ target: cgroupTarget }),
  "limits/update": z.strictObject({
    target: cgroupTarget,
    limits: limitChanges,
    /** The user was asked, and said yes: for what Terrarium did not make. */
    confirmed: z._default(z.boolean(), false),
    /** From "limits/read": refuses another process or cgroup that took its place. */
    identity: z.optional(text(1024)),
    /** Put back after that time, or as soon as this client is gone, unless it is kept. */
    revertAfterMs: z.optional(z.int().check(z.minimum(1_000), z.maximum(86_400_000))),
  }),
  "limits/keep": z.strictObject({ revert: revertId }),
  /** Puts back at once. */
  "limits/revert": z.strictObject({ revert: revertId }),
  "layer/list": z.strictObject({}),
  "layer/remove": z.strictObject({ name: z.union([sandboxName, imageName]) }),
  "process/enter": entry,
  "process/entry": entry,
  "process/inspect": z.strictObject(process),
  "process/mounts": z.strictObject(process),
  "process/isolation": z.strictObject(process),
  "process/compare": z.strictObject({
    left: comparedTarget,
    right: comparedTarget,
    /** Values of variables that may be passwords or keys, too. */
    secrets: z._default(z.boolean(), false),
  }),
  "process/kill": z.strictObject({
    pid,
    startTimeTicks: z.int().check(z.minimum(0)),
    signal: z._default(z.enum(signalNames), "SIGTERM"),
  }),
  "target/processes": z.strictObject({ target: cgroupTarget }),
  "host/authorise": z.strictObject({ what: z.enum(["inspect"]) }),
  "host/features": z.strictObject({}),
  "host/doctor": z.strictObject({}),
  /** What is there now: whole tables. */
  "inventory/read": z.strictObject({
    tables: z.array(z.enum(tableNames)).check(z.minLength(1), z.maxLength(tableNames.length)),
    /** Of namespaces; absent: all eight. */
    types: z.optional(z.array(namespaceType).check(z.maxLength(8))),
    /** Network namespaces that only a socket keeps, too: each socket of the host is duplicated for a moment. */
    sockets: z._default(z.boolean(), false),
  }),
  /**
   * The whole set of tables that this connection watches from now on, told by "inventory/didChange"; none stops all
   * work. With each the generation that the client has: it goes on from there, or begins anew. 0: it has nothing.
   */
  "inventory/watch": z.strictObject({
    tables: z.partialRecord(z.enum(watchedTableNames), z.int().check(z.nonnegative())),
  }),
  /** One reading of each, now. One that is not there is an error, or left out with `skipMissing`. */
  "usage/sample": z.strictObject({
    targets: usageTargets,
    skipMissing: z._default(z.boolean(), false),
  }),
  /**
   * The whole set that one watcher of this connection (a panel, a view) watches from now on, told by
   * "usage/didSample"; an empty one ends it. Several watchers do not disturb each other.
   */
  "usage/watch": z.strictObject({
    watcher: z._default(text(128), ""),
    targets: usageTargets,
    intervalMs: z._default(z.int().check(z.minimum(100), z.maximum(60_000)), 1_000),
  }),
  /** What was seen of a target, at most once a second, while somebody watched it. */
  "usage/history": z.strictObject({ target: usageTarget }),
  /** The whole set that this connection hears of from now on; nothing stops all work. */
  "events/watch": eventSelection,
  /** What is still known of those, the oldest first. */
  "events/history": z.extend(eventSelection, {
    sinceMs: z._default(z.int().check(z.minimum(0)), 0),
  }),
} as const;

/** As a client writes it (defaults may be left out), and as a handler reads it. */
export type ParameterInput<M extends keyof typeof parameterSchemas> = z.input<
  (typeof parameterSchemas)[M]
>;
export type ParameterOutput<M extends keyof typeof parameterSchemas> = z.output<
  (typeof parameterSchemas)[M]
>;
export type SandboxSpecInput = z.input<typeof sandboxSpec>;
export type SandboxSpec = z.output<typeof sandboxSpec>;
export type Stdio = z.output<typeof stdio>;
