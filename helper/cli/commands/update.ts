import { parseDuration } from "../../protocol/duration.ts";
import { TerrariumError } from "../../protocol/errors.ts";
import { formatLimit } from "../../protocol/limits.ts";
import type { LimitRowReport, UpdatedLimits } from "../../protocol/limitsReport.ts";
import type { HelperClient, ParameterInput } from "../../protocol/methods.ts";
import { printable } from "../../protocol/printable.ts";
import { type Command, exitCodes, jsonOption } from "../command.ts";
import { isConfirmed } from "../confirm.ts";
import { isSet, lastValue, type ParsedArguments, under } from "../options.ts";
import { saidBy } from "../spec/flags.ts";
import { limitChangeFlags } from "../spec/limits.ts";
import { merge } from "../spec/merge.ts";
import { readDuration } from "../spec/values.ts";
import { onlyTarget } from "../target.ts";
import { graceMs, tryOut } from "../tryOut.ts";
import { UsageError } from "../usage.ts";

type Request = ParameterInput<"limits/update">;

export const updateCommand: Command = {
  name: "update",
  summary: "change the limits of a sandbox, a process or a cgroup",
  usage: "update [OPTIONS] SANDBOX|PID|/CGROUP",
  options: [
    { name: "yes", short: "y", help: "also of what Terrarium did not make, unasked" },
    { name: "revert-after", argument: "DURATION", help: "put back then, unless you press Enter" },
    jsonOption,
    ...under('Limits ("none" takes one away)', limitChangeFlags),
  ],
  examples: [],
  run: async ({ connection, print }, parsed) => {
    const target = onlyTarget(parsed, "sandbox, process or cgroup", "It changes one at a time.");
    const afterMs = revertAfter(parsed);
    // Whatever takes its place between the question and the answer is not what was asked about.
    const identity =
      target.startsWith("/") || /^\d+$/.test(target)
        ? (await connection.request("limits/read", { target })).identity
        : undefined;
    const updated = await update(connection, {
      target,
      limits: limitsOf(parsed),
      confirmed: isSet(parsed, "yes"),
      identity,
      revertAfterMs: afterMs === undefined ? undefined : afterMs + graceMs,
    });
    print(isSet(parsed, "json") ? JSON.stringify(updated, null, 2) : describe(updated));
    const { revert } = updated;
    return revert === undefined || afterMs === undefined
      ? exitCodes.ok
      : tryOut(connection, revert, afterMs);
  },
};

function limitsOf(parsed: ParsedArguments): Request["limits"] {
  const said = saidBy(limitChangeFlags, parsed);
  if (said.length === 0) {
    throw new UsageError("no limit was given", '"terrarium update --help" lists them.');
  }
  return said.map(({ limits }) => limits).reduce(merge<Request["limits"]>, {});
}

function revertAfter(parsed: ParsedArguments): number | undefined {
  const text = lastValue(parsed, "revert-after");
  return text === undefined ? undefined : parseDuration(readDuration(text, "--revert-after"));
}

/** Asks a person on a terminal; anybody else is told what would change, and how it is confirmed. */
async function update(connection: HelperClient, request: Request): Promise<UpdatedLimits> {
  try {
    return await connection.request("limits/update", request);
  } catch (error) {
    if (!TerrariumError.is(error, "confirmationNeeded")) throw error;
    if (await isConfirmed(error.message)) {
      return connection.request("limits/update", { ...request, confirmed: true });
    }
    throw new UsageError(
      error.message.replace(/\.$/, ""),
      "Nothing was changed. --yes confirms it.",
    );
  }
}

function describe({ changes, after, note }: UpdatedLimits): string {
  const lines = [...changes, ...after.flatMap((row) => heldBy(row) ?? []), ...(note ? [note] : [])];
  return lines.map((line) => printable(line)).join("\n");
}

/** Where a cgroup above leaves less than what was just set. */
function heldBy({ limit, file, effective }: LimitRowReport): string | undefined {
  if (!effective || effective.file === file) return undefined;
  const { value, title, file: whose } = effective;
  return `In effect is ${formatLimit(limit, value)}, by ${title} above it (${whose})`;
}
