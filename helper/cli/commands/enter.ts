import type { StartedProcess } from "../../protocol/methods.ts";
import { mainProcess } from "../../protocol/processes.ts";
import { attach, clientEnvironment, stdioForTerminal } from "../attach.ts";
import { type CliContext, type Command, exitCodes, jsonOption } from "../command.ts";
import { describeEntry, entryOptions, isMeant, parseFollow, warnOfUnfollowed } from "../entry.ts";
import { isSet, lastValue, type ParsedArguments } from "../options.ts";
import { asPid, onlyTarget } from "../target.ts";
import { UsageError } from "../usage.ts";
import { parseTypes } from "./ns.ts";

export const enterCommand: Command = {
  name: "enter",
  summary: "start a shell inside the namespaces of a process or sandbox",
  usage: "enter PID|SANDBOX [OPTIONS] [-- COMMAND [ARGUMENT...]]",
  options: [
    { name: "only", argument: "TYPES", help: "only these namespaces, as in net,mnt" },
    ...entryOptions,
    { ...jsonOption, help: "with --dry-run: one JSON document" },
  ],
  run: async (context, parsed) => {
    if (isSet(parsed, "dry-run")) return show(context, parsed);
    if (!(await isMeant(parsed))) return exitCodes.terrariumFailed;
    const { attach: attachment, unfollowed = [] } = await start(context, parsed);
    warnOfUnfollowed(unfollowed);
    return attachment ? attach(attachment, true) : exitCodes.ok;
  },
};

async function show({ connection, print }: CliContext, parsed: ParsedArguments): Promise<number> {
  const target = onlyTarget(parsed, "process or sandbox");
  const plan = await connection.request("process/entry", {
    ...(await processOf({ connection }, target)),
    ...howToEnter(parsed),
  });
  print(isSet(parsed, "json") ? JSON.stringify(plan, null, 2) : describeEntry(plan));
  return exitCodes.ok;
}

/** Said about a process: a sandbox is entered as it was made. */
const aboutProcesses = ["only", "follow", "as-root"];

async function start({ connection }: CliContext, parsed: ParsedArguments): Promise<StartedProcess> {
  const target = onlyTarget(parsed, "process or sandbox");
  // A sandbox of ours is entered by its record: no process id in between that could be somebody else's.
  if (asPid(target) === undefined && !aboutProcesses.some((name) => isSet(parsed, name))) {
    return connection.request("sandbox/exec", { target, ...common(parsed) });
  }
  const process = await processOf({ connection }, target);
  return connection.request("process/enter", { ...process, ...howToEnter(parsed) });
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
  };
}

async function processOf(context: Pick<CliContext, "connection">, target: string) {
  const pid = asPid(target);
  return pid === undefined ? mainOf(context, target) : { pid };
}

async function mainOf({ connection }: Pick<CliContext, "connection">, target: string) {
  const { processes } = await connection.request("sandbox/inspect", { target });
  const main = mainProcess(processes);
  if (!main) throw new UsageError(`sandbox ${target} has no process`, "It has ended.");
  return { pid: main.pid, startTimeTicks: main.startTimeTicks };
}
