import { parseDuration } from "../../protocol/duration.ts";
import { describeHappening, eventFacts, type TimelineEvent } from "../../protocol/events.ts";
import type { HelperConnection } from "../../protocol/methods.ts";
import { printable } from "../../protocol/printable.ts";
import { type CliContext, type Command, exitCodes, jsonOption } from "../command.ts";
import { isSet, lastValue, type Option, type ParsedArguments } from "../options.ts";
import { UsageError } from "../usage.ts";

const sinceOption: Option = {
  name: "since",
  argument: "DURATION",
  help: "first what is still known, as in 10m or 1h30m",
};
const noFollowOption: Option = { name: "no-follow", help: "end when that is told" };

export const eventsCommand: Command = {
  name: "events",
  summary: "tell what happens to sandboxes, processes and cgroups",
  usage: "events [SANDBOX|PID|/CGROUP...] [OPTIONS]",
  options: [sinceOption, noFollowOption, { ...jsonOption, help: "print one JSON document a line" }],
  run: async (context, parsed) => {
    const { connection } = context;
    const targets = [...parsed.positionals];
    const wanted = { targets, sandboxes: targets.length === 0 };
    const print = printer(context, isSet(parsed, jsonOption.name));
    const sinceMs = readSince(parsed);
    if (isSet(parsed, noFollowOption.name)) {
      const history = await connection.request("events/history", { ...wanted, sinceMs });
      for (const event of history) print(event);
      return exitCodes.ok;
    }
    const begin = follow(connection, print);
    await connection.request("events/watch", wanted);
    const history = await connection.request("events/history", { ...wanted, sinceMs });
    begin(history);
    return untilClosed(connection);
  },
};

/** Milliseconds since 1970. Without an option: from now on, or all that is known where it does not follow. */
function readSince(parsed: ParsedArguments): number {
  const text = lastValue(parsed, sinceOption.name);
  if (text === undefined) return isSet(parsed, noFollowOption.name) ? 0 : Date.now();
  const durationMs = parseDuration(text);
  if (durationMs !== undefined) return Date.now() - durationMs;
  throw new UsageError(`--since ${text} is no duration`, "It is written 10m, 90s or 1h30m.");
}

/** What comes while the past is asked for waits for it, and is told once. */
function follow(connection: HelperConnection, print: (event: TimelineEvent) => void) {
  let waiting: TimelineEvent[] | undefined = [];
  connection.onNotification("events/didHappen", (event) => {
    if (waiting) waiting.push(event);
    else print(event);
  });
  return (history: readonly TimelineEvent[]) => {
    const told = new Set(history.map(({ sequence }) => sequence));
    const news = (waiting ?? []).filter(({ sequence }) => !told.has(sequence));
    waiting = undefined;
    for (const event of [...history, ...news]) print(event);
  };
}

const longMs = 60_000;

/** A helper in this very process has nothing that keeps the process: a timer does. Ctrl-C ends it. */
function untilClosed(connection: HelperConnection): Promise<number> {
  return new Promise((resolve) => {
    const timer = setInterval(() => undefined, longMs);
    connection.onClose(() => {
      clearInterval(timer);
      resolve(exitCodes.terrariumFailed);
    });
  });
}

function printer({ print, colours }: CliContext, json: boolean): (event: TimelineEvent) => void {
  if (json) return (event) => print(JSON.stringify(event));
  return (event) => {
    const text = printable(`${event.title}  ${describeHappening(event)}`);
    const colour = colours ? foreground[eventFacts[event.kind].weight] : undefined;
    const painted = colour === undefined ? text : `\u001b[${colour}m${text}\u001b[39m`;
    print(`${localTime(event.atMs)}  ${painted}`);
  };
}

/** ECMA-48 foreground colours; the words say the same. */
const foreground = { error: 31, warning: 33, info: undefined } as const;

/** `2026-11-23 22:20:14`, in the zone of who reads it. */
function localTime(atMs: number): string {
  const date = new Date(atMs);
  const zoned = new Date(atMs - date.getTimezoneOffset() * 60_000);
  return zoned.toISOString().slice(0, 19).replace("T", " ");
}
