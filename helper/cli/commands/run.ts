import type { ParameterInput } from "../../protocol/methods.ts";
import type { Stdio } from "../../protocol/schemas.ts";
import { attach, clientEnvironment, onTerminal } from "../attach.ts";
import { type CliContext, type Command, exitCodes } from "../command.ts";
import { isSet, type Option, type ParsedArguments, under } from "../options.ts";
import { isPreview, preview, previewOptions } from "../preview.ts";
import { readSpec, specOptions } from "../spec/spec.ts";
import { UsageError } from "../usage.ts";

export const ttyOption: Option = {
  name: "tty",
  short: "t",
  help: "give the command a terminal of its own",
};

const attendance: readonly Option[] = [
  { name: "interactive", short: "i", help: "pass standard input" },
  ttyOption,
  { name: "detach", short: "d", help: "leave it running and print its id" },
  { name: "rm", help: "with -d: forget the sandbox when it has ended" },
  { name: "die-with-parent", help: "kill it when this client ends, however it does" },
];

const examples = [
  "terrarium run -it",
  "terrarium run --workspace . -- make test",
  "terrarium run --workspace . --network host --timeout 10m -- npm ci",
  "terrarium run -v ./data:/data:ro -m 512m --cpus 1.5 -- wc -l /data/log",
  "terrarium run --userns root --overlay ephemeral -- touch /usr/bin/new",
  "terrarium run --config sandbox.json --plan",
];

export const runCommand: Command = {
  name: "run",
  summary: "run a command in a new sandbox",
  usage: "run [OPTIONS] [-- COMMAND [ARGUMENT...]]",
  options: [
    ...under("How it runs", attendance),
    ...specOptions,
    ...under("Instead of running it", previewOptions),
  ],
  examples,
  run: async (context, parsed) => {
    const { connection, print } = context;
    const parameters = await creation(context, parsed);
    if (isPreview(parsed)) {
      print(await preview(connection, parsed, parameters));
      return exitCodes.ok;
    }
    const { sandbox, attach: attachment } = await connection.request("sandbox/create", parameters);
    if (attachment)
      return attach(attachment, parameters.stdio === "tty" || isSet(parsed, "interactive"));
    print(sandbox.id);
    return exitCodes.ok;
  },
};

/** Nothing but options stands before the two hyphens. */
export function commandOnly({ positionals }: ParsedArguments): void {
  if (positionals.length === 0) return;
  throw new UsageError(
    `"${positionals[0]}" stands before --`,
    "The command follows two hyphens: terrarium run -- COMMAND.",
  );
}

async function creation(
  { connection }: CliContext,
  parsed: ParsedArguments,
): Promise<ParameterInput<"sandbox/create">> {
  commandOnly(parsed);
  if (isSet(parsed, "json") && !isPreview(parsed)) {
    throw new UsageError("--json stands beside --plan only", "What runs writes its own output.");
  }
  const stdio = chooseStdio(parsed);
  const spec = await readSpec(connection, parsed);
  return {
    spec,
    stdio,
    keep: stdio === "none" && !isSet(parsed, "rm"),
    dieWith: isSet(parsed, "die-with-parent") ? process.pid : undefined,
    clientEnv: clientEnvironment(spec.passEnv),
  };
}

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
  if (tty && !onTerminal()) {
    throw new UsageError(
      "-t needs a terminal",
      "Leave it out when input or output is a pipe or a file.",
    );
  }
  return tty ? "tty" : "inherit";
}
