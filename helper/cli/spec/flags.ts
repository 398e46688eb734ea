import type { SandboxSpecInput } from "../../protocol/schemas.ts";
import { allValues, isSet, type ParsedArguments, under } from "../options.ts";
import { UsageError } from "../usage.ts";
import { merge } from "./merge.ts";
import type { Flag, Row } from "./row.ts";
import { specTable } from "./table.ts";

const rows: readonly Row<SandboxSpecInput>[] = Object.values(specTable);

export const flags: readonly Flag<SandboxSpecInput>[] = rows.flatMap((row) =>
  "flags" in row ? under(row.heading, row.flags) : [],
);

/** The command line in the words of a spec; what was not given is absent. */
export function saidByFlags(parsed: ParsedArguments): SandboxSpecInput {
  return saidBy(flags, parsed).reduce(merge<SandboxSpecInput>, {});
}

/** What each flag that was given says. */
export function saidBy<Part>(
  flags: readonly Flag<Part>[],
  parsed: ParsedArguments,
): readonly Part[] {
  return flags.flatMap((flag) => {
    const texts = allValues(parsed, flag.name);
    if (texts.length > 0) checkApart(flag, parsed);
    return texts.map((text) => flag.read(text, `--${flag.name}`, parsed));
  });
}

function checkApart({ name, apart }: Flag<unknown>, parsed: ParsedArguments): void {
  if (!apart?.from.some((other) => isSet(parsed, other))) return;
  const others = apart.from.map((other) => `--${other}`).join(" or ");
  throw new UsageError(`--${name} cannot stand beside ${others}`, apart.because);
}
