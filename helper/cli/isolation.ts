import type { IsolationLevel } from "../protocol/isolation.ts";
import { isolationText, type Paint } from "../protocol/isolationText.ts";
import type { HelperClient } from "../protocol/methods.ts";
import { isSet, lastValue, type Option, type ParsedArguments } from "./options.ts";
import { asPid, onlyTarget } from "./target.ts";
import { UsageError } from "./usage.ts";

export const isolationOption: Option = {
  name: "isolation",
  help: "what it can still see and do, and what would close that",
};

/** The report on a sandbox or a process, as text or as JSON. */
export async function isolation(
  connection: HelperClient,
  parsed: ParsedArguments,
  colours: boolean,
): Promise<string> {
  refuseFile(parsed);
  const target = onlyTarget(parsed, "sandbox or process", "It shows one at a time.");
  const pid = asPid(target);
  const report =
    pid === undefined
      ? await connection.request("sandbox/isolation", { target })
      : await connection.request("process/isolation", { pid });
  if (isSet(parsed, "json")) return JSON.stringify(report, null, 2);
  return isolationText(report, colours ? inColour : undefined);
}

/** Facts are read of what runs; a file is only a wish. */
function refuseFile(parsed: ParsedArguments): void {
  const other = ["config", "plan", "as"].find((name) => lastValue(parsed, name) !== undefined);
  if (other === undefined) return;
  throw new UsageError(
    `--isolation and --${other} do not go together`,
    "It reports on a sandbox or a process that runs.",
  );
}

/** ECMA-48 foreground colours of the marks; the words say the same. */
const foreground: Readonly<Record<IsolationLevel, number>> = {
  open: 31,
  partly: 33,
  closed: 32,
  unknown: 90,
};

const inColour: Paint = (level, text) => `\u001b[${foreground[level]}m${text}\u001b[39m`;
