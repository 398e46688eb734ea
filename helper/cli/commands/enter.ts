import type { StartedProcess } from "../../protocol/methods.ts";
import { mainProcess } from "../../protocol/processes.ts";
import { attach, clientEnvironment, stdioForTerminal } from "../attach.ts";
import { type CliContext, type Command, exitCodes } from "../command.ts";
import { lastValue, type ParsedArguments } from "../options.ts";
import { asPid, onlyTarget } from "../target.ts";
import { UsageError } from "../usage.ts";
import { parseTypes } from "./ns.ts";

export const enterCommand: Command = {
  name: "enter",
  summary: "start a shell inside the namespaces of a process or sandbox",
  usage: "enter PID|SANDBOX [--only TYPES] [-- COMMAND [ARGUMENT...]]",
  options: [{ name: "only", argument: "TYPES", help: "only these namespaces, as in net,mnt" }],
  run: async (context, parsed) => {
    const { attach: attachment } = await start(context, parsed);
    return attachment ? attach(attachment, true) : exitCodes.ok;
  },
};

async function start({ connection }: CliContext, parsed: ParsedArguments): Promise<StartedProcess> {
  const target = onlyTarget(parsed, "process or sandbox");
  const only = lastValue(parsed, "only");
  const common = {
    args: parsed.command?.length ? [...parsed.command] : undefined,
    stdio: stdioForTerminal(),
    clientEnv: clientEnvironment(),
  };
  const pid = asPid(target);
  // A sandbox of ours is entered by its record: no process id in between that could be somebody else's.
  if (pid === undefined && only === undefined) {
    return connection.request("sandbox/exec", { target, ...common });
  }
  const types = only === undefined ? undefined : parseTypes(only);
  const process = pid === undefined ? await mainOf({ connection }, target) : { pid };
  return connection.request("process/enter", { ...process, only: types, ...common });
}

async function mainOf({ connection }: Pick<CliContext, "connection">, target: string) {
  const { processes } = await connection.request("sandbox/inspect", { target });
  const main = mainProcess(processes);
  if (!main) throw new UsageError(`sandbox ${target} has no process`, "It has ended.");
  return { pid: main.pid, startTimeTicks: main.startTimeTicks };
}
