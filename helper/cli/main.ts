import { TerrariumError } from "../protocol/errors.ts";
import type { Installer } from "../protocol/installing.ts";
import type { HelperConnection } from "../protocol/methods.ts";
import { nearest } from "../protocol/nearest.ts";
import { printable } from "../protocol/printable.ts";
import { type AloneCommand, type Command, type CommandWords, exitCodes } from "./command.ts";
import { cgroupsCommand } from "./commands/cgroups.ts";
import { diffCommand } from "./commands/diff.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { rmCommand, stopCommand } from "./commands/end.ts";
import { enterCommand } from "./commands/enter.ts";
import { eventsCommand } from "./commands/events.ts";
import { execCommand } from "./commands/exec.ts";
import { featuresCommand } from "./commands/features.ts";
import { inspectCommand } from "./commands/inspect.ts";
import { installHelperCommand } from "./commands/installHelper.ts";
import { layersCommand } from "./commands/layers.ts";
import { limitsCommand } from "./commands/limits.ts";
import { nsCommand } from "./commands/ns.ts";
import { psCommand } from "./commands/ps.ts";
import { runCommand } from "./commands/run.ts";
import { createCommand, startCommand } from "./commands/start.ts";
import { killCommand, pauseCommand, unpauseCommand } from "./commands/state.ts";
import { statsCommand } from "./commands/stats.ts";
import { topCommand } from "./commands/top.ts";
import { updateCommand } from "./commands/update.ts";
import { type CommandGroup, commandHelp, overview } from "./help.ts";
import { type Option, parseArguments } from "./options.ts";
import { UsageError } from "./usage.ts";

export const commandGroups: readonly CommandGroup<Command | AloneCommand>[] = [
  {
    title: "Sandboxes",
    commands: [
      ...[runCommand, createCommand, startCommand, execCommand],
      ...[pauseCommand, unpauseCommand, killCommand, stopCommand, rmCommand, layersCommand],
    ],
  },
  {
    title: "What runs here, whoever started it",
    commands: [psCommand, inspectCommand, diffCommand, enterCommand, nsCommand, cgroupsCommand],
  },
  {
    title: "Limits and use",
    commands: [limitsCommand, updateCommand, statsCommand, topCommand, eventsCommand],
  },
  {
    title: "This machine",
    commands: [doctorCommand, featuresCommand, installHelperCommand],
  },
];

export const commands = commandGroups.flatMap((group) => group.commands);

/** `-h` too, where the command has no such letter of its own: `run -h` is Docker's host name. */
function helpFor({ options }: CommandWords): Option {
  const isTaken = options.some(({ short }) => short === "h");
  return { name: "help", help: "show this", ...(isTaken ? {} : { short: "h" }) };
}

export interface CliEnvironment {
  /** Opens the helper: this very process, unless a socket was named. */
  readonly connect: () => Promise<HelperConnection>;
  /** What installs the helper that runs as root. */
  readonly installer: () => Promise<Installer>;
  readonly version: () => string;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly colours: boolean;
  readonly lineCells: () => number | undefined;
}

/** The `terrarium` command; answers the exit code. */
export async function runCli(
  words: readonly string[],
  environment: CliEnvironment,
): Promise<number> {
  try {
    return await dispatch(words, environment);
  } catch (error) {
    environment.err(describe(error));
    return exitCodeOf(error);
  }
}

async function dispatch(words: readonly string[], environment: CliEnvironment): Promise<number> {
  const [name = "--help", ...rest] = words;
  if (name === "--version") return say(environment, environment.version());
  if (name === "help" && rest[0] !== undefined) return dispatch([rest[0], "--help"], environment);
  if (["--help", "-h", "help"].includes(name)) return say(environment, overview(commandGroups));
  const command = commands.find((candidate) => candidate.name === name);
  if (!command) throw unknownCommand(name);
  const help = helpFor(command);
  const parsed = parseArguments(rest, [...command.options, help], name);
  if (parsed.values.has(help.name)) return say(environment, commandHelp(command));
  const { out: print, colours, lineCells, installer } = environment;
  if ("runAlone" in command) return command.runAlone({ installer, print }, parsed);
  const connection = await environment.connect();
  try {
    return await command.run({ connection, print, colours, lineCells }, parsed);
  } finally {
    connection.dispose();
  }
}

function say({ out }: CliEnvironment, text: string): number {
  out(text);
  return exitCodes.ok;
}

function unknownCommand(name: string): UsageError {
  const guess = nearest(
    name,
    commands.map((command) => command.name),
  );
  return new UsageError(
    `there is no command "${name}"`,
    guess ? `Did you mean ${guess}?` : '"terrarium --help" lists them.',
  );
}

/** A command that could not be executed has the shells' codes, also when nobody was attached to see it. */
function exitCodeOf(error: unknown): number {
  if (!TerrariumError.is(error, "cannotExecute")) return exitCodes.terrariumFailed;
  return error.args.errno === "ENOENT" ? exitCodes.notFound : exitCodes.notExecutable;
}

/** One sentence, and a line that names the way out. */
function describe(error: unknown): string {
  if (error instanceof UsageError)
    return printable(`terrarium: ${error.message}`).concat(`\n  ${error.hint}`);
  if (error instanceof TerrariumError) return printable(`terrarium: ${error.message}`);
  return printable(`terrarium: ${error instanceof Error ? error.message : String(error)}`);
}
