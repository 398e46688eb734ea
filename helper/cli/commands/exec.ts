import { attach, clientEnvironment, stdioForTerminal } from "../attach.ts";
import { type Command, exitCodes } from "../command.ts";
import { allValues, isSet, lastValue } from "../options.ts";
import { onlyTarget } from "../target.ts";
import { UsageError } from "../usage.ts";

export const execCommand: Command = {
  name: "exec",
  summary: "run one more command in a sandbox",
  usage: "exec SANDBOX [-w DIR] [-e K=V] [-d] [-- COMMAND [ARGUMENT...]]",
  options: [
    { name: "interactive", short: "i", help: "accepted for habit: input is always passed" },
    { name: "tty", short: "t", help: "accepted for habit: a terminal here gives one inside" },
    { name: "detach", short: "d", help: "do not wait for it; it ends with the sandbox" },
    { name: "workdir", short: "w", argument: "DIR", help: "working directory inside" },
    { name: "env", short: "e", argument: "K=V", help: "set a variable" },
  ],
  run: async ({ connection }, parsed) => {
    const { attach: attachment } = await connection.request("sandbox/exec", {
      target: onlyTarget(parsed, "sandbox"),
      args: parsed.command?.length ? [...parsed.command] : undefined,
      workdir: lastValue(parsed, "workdir"),
      env: Object.fromEntries(allValues(parsed, "env").map(parseAssignment)),
      stdio: isSet(parsed, "detach") ? "none" : stdioForTerminal(),
      clientEnv: clientEnvironment(),
    });
    return attachment ? attach(attachment, true) : exitCodes.ok;
  },
};

function parseAssignment(text: string): [string, string] {
  const at = text.indexOf("=");
  if (at < 1) throw new UsageError(`--env ${text} is malformed`, "It is written NAME=VALUE.");
  return [text.slice(0, at), text.slice(at + 1)];
}
