import { constants } from "node:os";
import { nearest } from "../../protocol/nearest.ts";
import { type SignalName, signalNames } from "../../protocol/signals.ts";
import { type Command, exitCodes } from "../command.ts";
import { lastValue } from "../options.ts";
import { targets } from "../target.ts";
import { UsageError } from "../usage.ts";

export const pauseCommand = perSandbox("pause", "hold every process of sandboxes still");
export const unpauseCommand = perSandbox("unpause", "let paused sandboxes run again");

export const killCommand: Command = {
  name: "kill",
  summary: "send a signal to sandboxes",
  usage: "kill [-s SIGNAL] SANDBOX...",
  options: [
    { name: "signal", short: "s", argument: "SIGNAL", help: "by name or number (SIGKILL)" },
  ],
  run: async ({ connection, print }, parsed) => {
    const signal = parseSignal(lastValue(parsed, "signal") ?? "SIGKILL");
    for (const target of targets(parsed)) {
      await connection.request("sandbox/kill", { target, signal });
      print(target);
    }
    return exitCodes.ok;
  },
};

function perSandbox(name: "pause" | "unpause", summary: string): Command {
  return {
    name,
    summary,
    usage: `${name} SANDBOX...`,
    options: [],
    run: async ({ connection, print }, parsed) => {
      for (const target of targets(parsed)) {
        await connection.request(`sandbox/${name}`, { target });
        print(target);
      }
      return exitCodes.ok;
    },
  };
}

/** `HUP`, `SIGHUP`, `hup` or `1`, as kill(1) takes them. */
export function parseSignal(text: string): SignalName {
  const word = text.toUpperCase().replace(/^(?!SIG)/, "SIG");
  const found = signalNames.find(
    (name) => name === word || String(constants.signals[name]) === text,
  );
  if (found) return found;
  const guess = nearest(word, signalNames);
  throw new UsageError(
    `--signal ${text} is unknown`,
    guess ? `Did you mean ${guess}?` : `It is one of ${signalNames.join(", ")}.`,
  );
}
