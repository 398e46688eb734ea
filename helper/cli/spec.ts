import { constants, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parseDuration } from "../protocol/duration.ts";
import { TerrariumError } from "../protocol/errors.ts";
import type { HelperClient } from "../protocol/methods.ts";
import { type Overlay, overlays } from "../protocol/overlays.ts";
import type { SandboxSpecInput } from "../protocol/schemas.ts";
import { limitOptions, parseLimits } from "./limitOptions.ts";
import { mountOptions, parseMounts } from "./mountOptions.ts";
import {
  allValues,
  isSet,
  lastValue,
  type Option,
  type ParsedArguments,
  under,
} from "./options.ts";
import {
  mergePrivileges,
  parsePrivileges,
  privilegeOptions,
  ulimitOption,
} from "./privilegeOptions.ts";
import { mergeSharing, parseSharing, sharingOptions } from "./sharingOptions.ts";
import { UsageError } from "./usage.ts";

export const configOption: Option = {
  name: "config",
  argument: "FILE",
  help: "a sandbox.json; flags win over it",
};

const sandboxOptions: readonly Option[] = [
  configOption,
  { name: "name", argument: "NAME", help: "name of the sandbox" },
  { name: "hostname", short: "h", argument: "HOST", help: "host name inside" },
  { name: "env", short: "e", argument: "K=V", help: "set a variable; K alone passes ours" },
  { name: "workdir", short: "w", argument: "DIR", help: "working directory inside" },
  { name: "timeout", argument: "DURATION", help: "end it after that long (30m), exit code 124" },
  { name: "init", help: "our init as PID 1 (default)" },
  { name: "no-init", help: "the command itself as PID 1" },
];

const rootOptions: readonly Option[] = [
  { name: "rootfs", argument: "DIR", help: "this becomes the root; else a view of this host" },
  { name: "rootfs-tarball", argument: "FILE", help: "the same from an archive" },
  { name: "overlay", argument: "KIND", help: "layer over the root: none, ephemeral, kept" },
  { name: "read-only", help: "nothing can be made in the root directory" },
];

const workspaceOption: Option = {
  name: "workspace",
  argument: "DIR",
  help: "as -v DIR:DIR; git hooks, .vscode read-only",
};

const usernsOption: Option = {
  name: "userns",
  argument: "keep-id|root",
  help: "who the user is inside",
};

/** Every option that says what a sandbox is, rather than how it is attended. */
export const specOptions: readonly Option[] = [
  ...under("The sandbox", sandboxOptions),
  ...under("Files", [...rootOptions, workspaceOption, ...mountOptions]),
  ...under("Users, network and other namespaces", [usernsOption, ...sharingOptions]),
  ...under("Limits", [...limitOptions, ulimitOption]),
  ...under("Privileges", privilegeOptions),
];

/** What the file of `--config` and the flags ask for together. Lists and maps add up; a flag's word wins. */
export async function readSpec(
  connection: HelperClient,
  parsed: ParsedArguments,
): Promise<SandboxSpecInput> {
  const config = lastValue(parsed, configOption.name);
  const file = config === undefined ? {} : await readConfig(connection, config);
  const flags = parseFlags(parsed);
  return {
    ...file,
    ...flags,
    env: { ...file.env, ...flags.env },
    mounts: [...(file.mounts ?? []), ...(flags.mounts ?? [])],
    limits: { ...file.limits, ...flags.limits },
    ...mergePrivileges(file, flags),
    ...mergeSharing(file, flags),
  };
}

/** The client reads the file, as the user that it runs as; the helper never opens a path that a client names. */
export async function readConfig(
  connection: HelperClient,
  path: string,
): Promise<SandboxSpecInput> {
  const folder = dirname(resolve(path));
  return connection.request("sandbox/parse", { text: readText(path), folder });
}

function readText(path: string): string {
  try {
    // A link may be the work of a program in a sandbox, whose next one this file describes.
    return readFileSync(path, {
      encoding: "utf8",
      flag: constants.O_RDONLY | constants.O_NOFOLLOW,
    });
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    throw new TerrariumError("pathRefused", { path, reason: reasons[code] ?? code });
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  ELOOP: "it is a symbolic link, which a program in a sandbox may have made; name the file itself",
};

/** The command line in the words of a spec; what was not given is absent. */
function parseFlags(parsed: ParsedArguments): SandboxSpecInput {
  const workspace = lastValue(parsed, "workspace");
  const flags: SandboxSpecInput = {
    name: lastValue(parsed, "name"),
    hostname: lastValue(parsed, "hostname"),
    workdir: lastValue(parsed, "workdir"),
    workspace: workspace === undefined ? undefined : resolve(workspace),
    rootfs: parseRootfs(parsed),
    userns: parseUserns(lastValue(parsed, "userns")),
    env: Object.fromEntries(allValues(parsed, "env").flatMap(parseVariable)),
    mounts: [...parseMounts(parsed)],
    overlay: parseOverlay(lastValue(parsed, "overlay")),
    readOnly: isSet(parsed, "read-only") ? true : undefined,
    init: parseInit(parsed),
    timeout: parseTimeout(lastValue(parsed, "timeout")),
    limits: parseLimits(parsed),
    ...parsePrivileges(parsed),
    ...parseSharing(parsed),
    args: parsed.command?.length ? [...parsed.command] : undefined,
  };
  return Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined));
}

function parseInit(parsed: ParsedArguments): boolean | undefined {
  if (isSet(parsed, "no-init")) return false;
  return isSet(parsed, "init") ? true : undefined;
}

function parseTimeout(text: string | undefined): string | undefined {
  if (text === undefined || parseDuration(text) !== undefined) return text;
  throw new UsageError(
    `--timeout ${text} is no duration`,
    "It is written 90s, 30m or 1h30m, and is 366 days at most.",
  );
}

function parseRootfs(parsed: ParsedArguments): SandboxSpecInput["rootfs"] {
  const directory = lastValue(parsed, "rootfs");
  const tarball = lastValue(parsed, "rootfs-tarball");
  if (directory !== undefined && tarball !== undefined) {
    throw new UsageError("--rootfs cannot stand beside --rootfs-tarball", "There is one root.");
  }
  if (tarball !== undefined) return { type: "tarball", path: resolve(tarball) };
  return directory === undefined ? undefined : { type: "directory", path: resolve(directory) };
}

function parseOverlay(text: string | undefined): Overlay | undefined {
  const overlay = overlays.find((known) => known === text);
  if (overlay || text === undefined) return overlay;
  throw new UsageError(`--overlay ${text} is unknown`, `It is ${overlays.join(", ")}.`);
}

function parseUserns(text: string | undefined): SandboxSpecInput["userns"] {
  if (text === undefined || text === "keep-id" || text === "root") return text;
  throw new UsageError(`--userns ${text} is unknown`, "It is keep-id or root.");
}

/** `K=V`, or `K` for the value that it has here; a variable that is not set here is left out, as in Docker. */
function parseVariable(text: string): [string, string][] {
  const at = text.indexOf("=");
  if (at === 0) throw new UsageError(`--env ${text} is malformed`, "It is written NAME=VALUE.");
  if (at > 0) return [[text.slice(0, at), text.slice(at + 1)]];
  const value = process.env[text];
  return value === undefined ? [] : [[text, value]];
}
