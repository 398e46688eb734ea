import type { ParameterInput } from "../../protocol/methods.ts";
import { attach, clientEnvironment, stdioForTerminal } from "../attach.ts";
import { type Command, exitCodes } from "../command.ts";
import { isSet, under } from "../options.ts";
import { readSpec, specOptions } from "../spec/spec.ts";
import { onlyTarget, targets } from "../target.ts";
import { commandOnly, ttyOption } from "./run.ts";

export const createCommand: Command = {
  name: "create",
  summary: "write a sandbox down, to be started later",
  usage: "create [OPTIONS] [-- COMMAND [ARGUMENT...]]",
  options: [...under("How it runs", [ttyOption]), ...specOptions],
  run: async ({ connection, print }, parsed) => {
    commandOnly(parsed);
    const spec = await readSpec(connection, parsed);
    const stdio = isSet(parsed, "tty") ? "tty" : "none";
    const { sandbox } = await connection.request("sandbox/create", { spec, stdio, start: false });
    print(sandbox.id);
    return exitCodes.ok;
  },
};

export const startCommand: Command = {
  name: "start",
  summary: "start sandboxes that were created or have ended",
  usage: "start SANDBOX... | start -a SANDBOX",
  options: [{ name: "attach", short: "a", help: "pass input and output, wait for its end" }],
  run: async ({ connection, print }, parsed) => {
    const start = (target: string, stdio: ParameterInput<"sandbox/start">["stdio"]) =>
      connection.request("sandbox/start", { target, stdio, clientEnv: clientEnvironment() });
    if (isSet(parsed, "attach")) {
      const { attach: attachment } = await start(onlyTarget(parsed, "sandbox"), stdioForTerminal());
      return attachment ? attach(attachment, true) : exitCodes.ok;
    }
    for (const target of targets(parsed)) {
      await start(target, "none");
      print(target);
    }
    return exitCodes.ok;
  },
};
