import { resolve } from "node:path";
import { parseDuration } from "../../protocol/duration.ts";
import type { SandboxSpecInput, Stdio } from "../../protocol/schemas.ts";
import { attach, clientEnvironment } from "../attach.ts";
import { type Command, exitCodes } from "../command.ts";
import { limitOptions, parseLimits } from "../limitOptions.ts";
import { allValues, isSet, lastValue, type Option, type ParsedArguments } from "../options.ts";
import { UsageError } from "../usage.ts";

const options: readonly Option[] = [
  { name: "interactive", short: "i", help: "pass standard input" },
  { name: "tty", short: "t", help: "give the command a terminal of its own" },
  { name: "detach", short: "d", help: "leave it running and print its id" },
  { name: "rm", help: "with -d: forget the sandbox when it has ended" },
  { name: "name", argument: "NAME", help: "name of the sandbox" },
  { name: "hostname", short: "h", argument: "HOST", help: "host name inside" },
  { name: "env", short: "e", argument: "K=V", help: "set a variable; K alone passes ours" },
  { name: "volume", short: "v", argument: "SRC:DST[:ro]", help: "bind mount a file or directory" },
  {
    name: "workspace",
    argument: "DIR",
    help: "mount at its own path, git hooks and .vscode read-only",
  },
  { name: "workdir", short: "w", argument: "DIR", help: "working directory inside" },
  {
    name: "rootfs",
    argument: "DIR",
    help: "directory that becomes the root; else a view of this host",
  },
  { name: "userns", argument: "keep-id|root", help: "who the user is inside" },
  { name: "init", help: "our init as PID 1 (default)" },
  { name: "no-init", help: "the command itself as PID 1" },
  {
    name: "timeout",
    argument: "DURATION",
    help: "end it after that long, as in 30m: exit code 124",
  },
  { name: "die-with-parent", help: "kill it when this client ends, however it does" },
  ...limitOptions,
];

export const runCommand: Command = {
  name: "run",
  summary: "run a command in a new sandbox",
  usage: "run [OPTIONS] [-- COMMAND [ARGUMENT...]]",
  options,
  run: async ({ connection, print }, parsed) => {
    const stdio = chooseStdio(parsed);
    const { sandbox, attach: attachment } = await connection.request("sandbox/create", {
      spec: parseSpec(parsed),
      stdio,
      keep: stdio === "none" && !isSet(parsed, "rm"),
      dieWith: isSet(parsed, "die-with-parent") ? process.pid : undefined,
      clientEnv: clientEnvironment(),
    });
    if (attachment) return attach(attachment, stdio === "tty" || isSet(parsed, "interactive"));
    print(sandbox.id);
    return exitCodes.ok;
  },
};

function chooseStdio(parsed: ParsedArguments): Stdio {
  const tty = isSet(parsed, "tty");
  if (isSet(parsed, "detach")) {
    if (isSet(parsed, "die-with-parent")) {
      throw new UsageError(
        "-d cannot stand beside --die-with-parent",
        "The client ends as soon as it has printed the id.",
      );
    }
    if (tty || isSet(parsed, "interactive")) {
      throw new UsageError(
        "-d cannot stand beside -i or -t",
        'Start it with -d, then use "terrarium exec".',
      );
    }
    return "none";
  }
  if (tty && !(process.stdin.isTTY && process.stdout.isTTY)) {
    throw new UsageError(
      "-t needs a terminal",
      "Leave it out when input or output is a pipe or a file.",
    );
  }
  return tty ? "tty" : "inherit";
}

/** The command line as a sandbox.json would say it. */
function parseSpec(parsed: ParsedArguments): SandboxSpecInput {
  if (parsed.positionals.length > 0) {
    throw new UsageError(
      `"${parsed.positionals[0]}" stands before --`,
      "The command follows two hyphens: terrarium run -- COMMAND.",
    );
  }
  const rootfs = lastValue(parsed, "rootfs");
  const workspace = lastValue(parsed, "workspace");
  return {
    name: lastValue(parsed, "name"),
    hostname: lastValue(parsed, "hostname"),
    workdir: lastValue(parsed, "workdir"),
    workspace: workspace === undefined ? undefined : resolve(workspace),
    rootfs: rootfs === undefined ? { type: "host" } : { type: "directory", path: resolve(rootfs) },
    userns: parseUserns(lastValue(parsed, "userns")),
    env: Object.fromEntries(allValues(parsed, "env").flatMap(parseVariable)),
    mounts: allValues(parsed, "volume").map(parseVolume),
    init: !isSet(parsed, "no-init"),
    timeout: parseTimeout(lastValue(parsed, "timeout")),
    limits: parseLimits(parsed),
    args: parsed.command?.length ? [...parsed.command] : undefined,
  };
}

function parseTimeout(text: string | undefined): string | undefined {
  if (text === undefined || parseDuration(text) !== undefined) return text;
  throw new UsageError(
    `--timeout ${text} is no duration`,
    "It is written 90s, 30m or 1h30m, and is 366 days at most.",
  );
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

function parseVolume(text: string): NonNullable<SandboxSpecInput["mounts"]>[number] {
  const match = /^([^:]+):(\/[^:]*)(?::(ro|rw))?$/.exec(text);
  if (!match) {
    throw new UsageError(
      `--volume ${text} is malformed`,
      "It is written SOURCE:/TARGET or SOURCE:/TARGET:ro.",
    );
  }
  const [, source = "", target = "", mode] = match;
  return { type: "bind", source: resolve(source), target, readOnly: mode === "ro" };
}
