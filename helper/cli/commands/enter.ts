import { TerrariumError } from "../../protocol/errors.ts";
import type { HelperClient, StartedProcess } from "../../protocol/methods.ts";
import { attach, clientEnvironment, stdioForTerminal } from "../attach.ts";
import { type CliContext, type Command, exitCodes, jsonOption } from "../command.ts";
import {
  describeEntry,
  entryOptions,
  isMeant,
  parseFollow,
  parseToolbox,
  tellOfEntry,
} from "../entry.ts";
import { whomToEnter } from "../entryTarget.ts";
import { isSet, lastValue, type ParsedArguments } from "../options.ts";
import { asPid, onlyTarget } from "../target.ts";
import { parseTypes } from "./ns.ts";

export const enterCommand: Command = {
  name: "enter",
  summary: "start a shell inside a process, sandbox, container or cgroup",
  usage: "enter PID|SANDBOX|CONTAINER|/CGROUP [OPTIONS] [-- COMMAND...]",
  options: [
    { name: "only", argument: "TYPES", help: "only these namespaces, as in net,mnt" },
    ...entryOptions,
    { ...jsonOption, help: "with --dry-run: one JSON document" },
  ],
  run: async (context, parsed) => {
    if (isSet(parsed, "dry-run")) return show(context, parsed);
    if (!(await isMeant(parsed))) return exitCodes.terrariumFailed;
    const started = await start(context, parsed);
    tellOfEntry(started);
    return started.attach ? attach(started.attach, true) : exitCodes.ok;
  },
};

async function show(
  { connection, print, lineCells }: CliContext,
  parsed: ParsedArguments,
): Promise<number> {
  const target = onlyTarget(parsed, "process or sandbox");
  const plan = await connection.request("process/entry", {
    ...(await whomToEnter(connection, target)),
    ...howToEnter(parsed),
  });
  print(isSet(parsed, "json") ? JSON.stringify(plan, null, 2) : describeEntry(plan, lineCells()));
  return exitCodes.ok;
}

/** Said about a process: a sandbox is entered as it was made. */
const aboutProcesses = ["only", "follow", "as-root", "toolbox", "thaw"];

async function start({ connection }: CliContext, parsed: ParsedArguments): Promise<StartedProcess> {
  const target = onlyTarget(parsed, "process or sandbox");
  const asMade = mayBeSandbox(target) && !aboutProcesses.some((name) => isSet(parsed, name));
  return (
    (asMade ? await execIn(connection, target, parsed) : undefined) ??
    connection.request("process/enter", {
      ...(await whomToEnter(connection, target)),
      ...howToEnter(parsed),
    })
  );
}

const mayBeSandbox = (target: string) => asPid(target) === undefined && !/[:/]/.test(target);

/**
 * A sandbox of ours is entered by its record: no process id in between that could be somebody else's. Undefined: there
 * is none of that name.
 */
async function execIn(
  connection: HelperClient,
  target: string,
  parsed: ParsedArguments,
): Promise<StartedProcess | undefined> {
  try {
    return await connection.request("sandbox/exec", { target, ...common(parsed) });
  } catch (error) {
    if (TerrariumError.is(error, "noSuchSandbox")) return undefined;
    throw error;
  }
}

function common(parsed: ParsedArguments) {
  return {
    args: parsed.command?.length ? [...parsed.command] : undefined,
    workdir: lastValue(parsed, "workdir"),
    stdio: stdioForTerminal(),
    clientEnv: clientEnvironment(),
  };
}

function howToEnter(parsed: ParsedArguments) {
  const only = lastValue(parsed, "only");
  return {
    ...common(parsed),
    only: only === undefined ? undefined : parseTypes(only),
    follow: parseFollow(lastValue(parsed, "follow")),
    asRoot: isSet(parsed, "as-root"),
    toolbox: parseToolbox(lastValue(parsed, "toolbox")),
    thaw: isSet(parsed, "thaw"),
  };
}
