import { comparisonText } from "../../protocol/comparisonText.ts";
import { type Command, exitCodes, jsonOption } from "../command.ts";
import { isSet, type ParsedArguments } from "../options.ts";
import { UsageError } from "../usage.ts";

export const diffCommand: Command = {
  name: "diff",
  summary: "show what differs between two processes or sandboxes",
  usage: "diff PID|SANDBOX PID|SANDBOX [--env] [--json]",
  options: [
    { name: "env", help: "values of variables that look like passwords or keys, too" },
    jsonOption,
  ],
  run: async ({ connection, print }, parsed) => {
    const [left, right] = bothTargets(parsed);
    const secrets = isSet(parsed, "env");
    const comparison = await connection.request("process/compare", { left, right, secrets });
    print(isSet(parsed, "json") ? JSON.stringify(comparison, null, 2) : comparisonText(comparison));
    return exitCodes.ok;
  },
};

function bothTargets({ positionals }: ParsedArguments): readonly [string, string] {
  const [left, right, extra] = positionals;
  if (left === undefined || right === undefined)
    throw new UsageError(
      "two processes or sandboxes are compared",
      'As in "terrarium diff $$ web"; "terrarium ps" lists the sandboxes.',
    );
  if (extra === undefined) return [left, right];
  throw new UsageError(`"${extra}" is one word too many`, "It compares two at a time.");
}
