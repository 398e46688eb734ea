import { type Command, exitCodes } from "../command.ts";
import { isSet, lastValue } from "../options.ts";
import { targets } from "../target.ts";
import { UsageError } from "../usage.ts";

export const rmCommand: Command = {
  name: "rm",
  summary: "remove sandboxes that have ended",
  usage: "rm [-f] SANDBOX...",
  options: [{ name: "force", short: "f", help: "end those that run first" }],
  run: async ({ connection, print }, parsed) => {
    for (const target of targets(parsed)) {
      await connection.request("sandbox/remove", { target, force: isSet(parsed, "force") });
      print(target);
    }
    return exitCodes.ok;
  },
};

export const stopCommand: Command = {
  name: "stop",
  summary: "ask sandboxes to end, then end them",
  usage: "stop [--time SECONDS] SANDBOX...",
  options: [{ name: "time", argument: "SECONDS", help: "how long to wait before the kill (5)" }],
  run: async ({ connection, print }, parsed) => {
    const timeoutMs = parseSeconds(lastValue(parsed, "time"));
    for (const target of targets(parsed)) {
      await connection.request("sandbox/stop", { target, timeoutMs });
      print(target);
    }
    return exitCodes.ok;
  },
};

function parseSeconds(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,3}$/.test(text) && Number(text) <= 600) return Number(text) * 1000;
  throw new UsageError(`--time ${text} is out of range`, "It must be between 0 and 600 seconds.");
}
