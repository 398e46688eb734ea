import { type LimitName, limitFacts } from "./limits.ts";
import type { NamespaceType } from "./namespaces.ts";

/**
 * The closed set of errors. The helper sends the code and its arguments; whoever shows it words it
 * with `describeError`. A message says what was tried, what the kernel answered, and what to do.
 */
export interface ErrorArguments {
  readonly invalidRequest: { readonly reason: string };
  readonly notAuthorised: { readonly what: string; readonly why: AuthorisationRefusal };
  readonly needsPrivilege: { readonly what: string; readonly needs: string };
  readonly noSuchSandbox: { readonly target: string };
  readonly ambiguousSandbox: { readonly target: string; readonly matches: readonly string[] };
  readonly sandboxNotRunning: { readonly target: string };
  readonly sandboxRunning: { readonly target: string };
  readonly sandboxPaused: { readonly target: string };
  readonly processFrozen: { readonly pid: number; readonly directory: string };
  readonly sandboxNotPaused: { readonly target: string };
  readonly nameTaken: { readonly name: string };
  readonly noSuchProcess: { readonly pid: number };
  readonly processDenied: { readonly pid: number; readonly errno: string };
  readonly namespaceGone: { readonly type: NamespaceType; readonly target: string };
  readonly nothingToEnter: { readonly pid: number; readonly types: readonly NamespaceType[] };
  readonly pathRefused: { readonly path: string; readonly reason: string };
  readonly limitRefused: {
    readonly limit: LimitName;
    readonly value: string;
    readonly file: string;
    readonly errno: string;
    readonly why?: string | undefined;
  };
  readonly limitUnavailable: { readonly limit: LimitName; readonly reason: string };
  readonly cgroupFailed: {
    readonly call: string;
    readonly path: string;
    readonly errno: string;
  };
  readonly launcherFailed: {
    readonly stage: string;
    readonly call: string;
    readonly path: string;
    readonly errno: string;
    readonly hint: string;
  };
  readonly launcherMissing: { readonly path: string };
  readonly idRangeExhausted: { readonly tried: number };
  readonly helperFailed: { readonly reason: string };
  readonly cannotExecute: { readonly command: string; readonly errno: string };
  readonly noSuchCgroup: { readonly path: string };
  readonly networkFailed: { readonly what: string; readonly answer: string };
  readonly confirmationNeeded: { readonly title: string; readonly changes: readonly string[] };
  readonly targetChanged: { readonly target: string };
  readonly noSuchRevert: { readonly revert: string };
  readonly notPutBack: { readonly reason: string };
  readonly systemdFailed: { readonly unit: string; readonly answer: string };
  readonly notEnterable: { readonly pid: number; readonly why: string };
  readonly wrongVersion: { readonly helper: string; readonly client: string };
  readonly noShell: { readonly pid: number; readonly missing?: string | undefined };
  readonly toolboxUnavailable: { readonly why: string };
  readonly noSuchContainer: { readonly key: string };
}

/** Why somebody may not do what is not theirs. */
export type AuthorisationRefusal = keyof typeof refusals;

const refusals = {
  denied: "the machine's policy does not allow it to you",
  dismissed: "the question was dismissed",
  noAgent:
    "somebody would have to be asked, and nothing in this session can ask (no polkit agent runs: it comes with a desktop, and as pkttyagent for a terminal)",
  noPolkit: "polkit, which decides that, does not answer on this machine",
  gone: "who asked has ended meanwhile",
  confined:
    "who asks is in a sandbox (a user namespace, or no_new_privs) and would get out of it by that",
  asItIsOnly:
    "a process of somebody else's is entered as exactly what it is, and not with more rights; use sudo terrarium enter",
} as const;

export type ErrorCode = keyof ErrorArguments;

type Wording = { readonly [code in ErrorCode]: (args: ErrorArguments[code]) => string };

/** Numbers on the wire (JSON-RPC's server range); the order is part of the protocol: append only. */
const errorCodes = [
  "invalidRequest",
  "notAuthorised",
  "needsPrivilege",
  "noSuchSandbox",
  "ambiguousSandbox",
  "sandboxNotRunning",
  "sandboxRunning",
  "nameTaken",
  "noSuchProcess",
  "processDenied",
  "nothingToEnter",
  "pathRefused",
  "limitRefused",
  "limitUnavailable",
  "cgroupFailed",
  "launcherFailed",
  "launcherMissing",
  "idRangeExhausted",
  "helperFailed",
  "cannotExecute",
  "sandboxPaused",
  "sandboxNotPaused",
  "processFrozen",
  "namespaceGone",
  "noSuchCgroup",
  "networkFailed",
  "confirmationNeeded",
  "targetChanged",
  "noSuchRevert",
  "notPutBack",
  "systemdFailed",
  "notEnterable",
  "wrongVersion",
  "noShell",
  "toolboxUnavailable",
  "noSuchContainer",
] as const satisfies readonly ErrorCode[];

const firstErrorNumber = -32000;

const wording: Wording = {
  invalidRequest: ({ reason }) => reason,
  notAuthorised: ({ what, why }) => `Not authorised to ${what}: ${refusals[why]}.`,
  needsPrivilege: ({ what, needs }) => `Cannot ${what} as this user: it needs ${needs}.`,
  noSuchSandbox: ({ target }) =>
    `There is no sandbox "${target}". "terrarium ps -a" lists those that exist.`,
  ambiguousSandbox: ({ target, matches }) =>
    `"${target}" could be any of ${matches.join(", ")}: give more of its id.`,
  sandboxNotRunning: ({ target }) =>
    `Sandbox "${target}" is not running. "terrarium start ${target}" starts it, "terrarium rm ${target}" removes it.`,
  sandboxRunning: ({ target }) =>
    `Sandbox "${target}" is running. Stop it first, or remove it by force with "terrarium rm -f ${target}".`,
  sandboxPaused: ({ target }) =>
    `Sandbox "${target}" is paused. "terrarium unpause ${target}" lets it run again.`,
  processFrozen: ({ pid, directory }) =>
    `Process ${pid} is paused, and so would be what enters it (${directory} is frozen). Resume it first ("terrarium enter ${pid} --thaw" does both), or enter only some of its namespaces.`,
  sandboxNotPaused: ({ target }) => `Sandbox "${target}" is not paused.`,
  nameTaken: ({ name }) =>
    `A sandbox named "${name}" exists already. Choose another name, or remove it with "terrarium rm -f ${name}".`,
  noSuchProcess: ({ pid }) => `There is no process ${pid}: it has ended.`,
  processDenied: ({ pid, errno }) =>
    `The kernel denied reading process ${pid} (${errno}): it belongs to another user, whom only a helper that runs as root may enter, or it protects itself.`,
  notEnterable: ({ pid, why }) => `Process ${pid} cannot be entered: ${why}.`,
  noShell: ({ pid, missing }) =>
    `Process ${pid} has no shell among its files. Name a command that is there, or bring tools along with "terrarium enter ${pid} --toolbox"${missing === undefined ? "" : `, which needs more here: ${missing}`}.`,
  toolboxUnavailable: ({ why }) => `There is no toolbox to enter with: ${why}.`,
  noSuchContainer: ({ key }) =>
    `There is no container ${key}, or no process in it: it has ended. "terrarium ps --all-engines" lists those that run.`,
  namespaceGone: ({ type, target }) =>
    `The ${type} namespace of ${target} cannot be joined: what held it has ended.`,
  nothingToEnter: ({ pid, types }) =>
    `Process ${pid} shares ${types.length > 0 ? `these namespaces (${types.join(", ")})` : "every namespace"} with you: there is nothing to enter.`,
  pathRefused: ({ path, reason }) => `Cannot use ${path}: ${reason}.`,
  limitRefused: ({ limit, value, file, errno, why }) =>
    `The kernel refused the limit ${limitFacts[limit].label} ${value} (${errno} from ${file})${why ? `: ${why}` : ""}.`,
  limitUnavailable: ({ limit, reason }) =>
    `Cannot set the limit ${limitFacts[limit].label}: ${reason}.`,
  cgroupFailed: ({ call, path, errno }) => `Cannot prepare the cgroup: ${call} ${path}: ${errno}.`,
  launcherFailed: ({ stage, call, path, errno, hint }) =>
    `The sandbox could not be made: ${[stage, `${call} ${path}`.trim(), errno].filter(Boolean).join(": ")}.${hint ? ` ${hint}` : ""}`,
  launcherMissing: ({ path }) =>
    `The launcher ${path} is not there or not executable. "npm run build" makes it.`,
  idRangeExhausted: ({ tried }) =>
    `No free range of 65,536 user ids was found (${tried} were looked at). Remove sandboxes that you no longer need.`,
  helperFailed: ({ reason }) => `The helper failed: ${reason}.`,
  cannotExecute: ({ command, errno }) =>
    errno === "ENOENT"
      ? `There is no command "${command}" inside the sandbox.`
      : `Cannot execute "${command}" inside the sandbox (${errno}).`,
  noSuchCgroup: ({ path }) =>
    `There is no cgroup ${path}. "terrarium cgroups" shows those that exist.`,
  networkFailed: ({ what, answer }) => `Cannot make the sandbox's network: ${what}: ${answer}.`,
  confirmationNeeded: ({ title, changes }) =>
    `"${title}" was not made by Terrarium, so this must be confirmed: ${changes.join(", ")}.`,
  targetChanged: ({ target }) =>
    `"${target}" is not what it was when it was looked at: it ended, moved to another cgroup, or was made anew. Nothing was changed; look again.`,
  noSuchRevert: ({ revert }) =>
    `Nothing waits to be put back as ${revert}: its time is over, it was kept, or the limits were changed since.`,
  notPutBack: ({ reason }) =>
    `What was tried out is still in force. ${reason} It is tried again until the kernel takes it, or the limits are changed.`,
  wrongVersion: ({ helper, client }) =>
    `The helper is of version ${helper}, and who asks it of ${client}: install the same version of both ("terrarium install-helper" brings root's helper up to date).`,
  systemdFailed: ({ unit, answer }) =>
    `systemd did not make ${unit} for the sandbox: ${answer}. Where systemd runs it alone writes the cgroup tree, and so root's sandboxes need its answer ("terrarium features", "journalctl -b _PID=1").`,
};

/** The one error class of both sides. `code` decides; `message` is its English wording. */
export class TerrariumError<C extends ErrorCode = ErrorCode> extends Error {
  readonly code: C;
  readonly args: ErrorArguments[C];

  constructor(code: C, args: ErrorArguments[C]) {
    super(wording[code](args));
    this.name = "TerrariumError";
    this.code = code;
    this.args = args;
  }

  /** Narrows an unknown error, optionally to one code. */
  static is<K extends ErrorCode>(error: unknown, code?: K): error is TerrariumError<K> {
    return error instanceof TerrariumError && (code === undefined || error.code === code);
  }
}

/** What travels as JSON-RPC's `error`: a number of the server range, the wording, code and arguments. */
export interface WireError {
  readonly code: number;
  readonly message: string;
  readonly data: { readonly code: ErrorCode; readonly args: unknown };
}

export function toWireError(error: TerrariumError): WireError {
  return {
    code: firstErrorNumber - errorCodes.indexOf(error.code),
    message: error.message,
    data: { code: error.code, args: error.args },
  };
}

/** The typed error behind a JSON-RPC failure; an unknown one (transport, other version) becomes `helperFailed`. */
export function fromWireError(error: unknown): TerrariumError {
  if (error instanceof TerrariumError) return error;
  const data = (error as { data?: { code?: unknown; args?: unknown } } | undefined)?.data;
  const code = errorCodes.find((known) => known === data?.code);
  if (code && typeof data?.args === "object" && data.args !== null) {
    return new TerrariumError(code, data.args as ErrorArguments[typeof code]);
  }
  const reason = error instanceof Error ? error.message : String(error);
  return new TerrariumError("helperFailed", { reason });
}
