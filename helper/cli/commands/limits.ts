import { formatLimit, type LimitName, limitFacts } from "../../protocol/limits.ts";
import type { LimitRowReport, LimitsReport } from "../../protocol/limitsReport.ts";
import { type Command, exitCodes, jsonOption } from "../command.ts";
import { isSet } from "../options.ts";
import { onlyTarget } from "../target.ts";
import { type Column, formatTable, printable } from "../text.ts";

/** The columns of the editor's form. */
const columns: readonly Column<LimitRowReport>[] = [
  { title: "LIMIT", value: ({ limit }) => limitFacts[limit].label },
  { title: "HERE", value: (row) => words(row.limit, row.value), right: true },
  { title: "PARENT", value: (row) => words(row.limit, row.parent), right: true },
  { title: "EFFECTIVE", value: (row) => words(row.limit, row.effective?.value), right: true },
  { title: "SET BY", value: ({ effective }) => effective?.title },
  { title: "FILE", value: ({ file }) => file },
];

export const limitsCommand: Command = {
  name: "limits",
  summary: "show the limits of a sandbox, a process or a cgroup",
  usage: "limits SANDBOX|PID|/CGROUP [--json]",
  options: [jsonOption],
  run: async ({ connection, print }, parsed) => {
    const target = onlyTarget(parsed, "sandbox, process or cgroup", "It shows one at a time.");
    const report = await connection.request("limits/read", { target });
    print(isSet(parsed, "json") ? JSON.stringify(report, null, 2) : describe(report));
    return exitCodes.ok;
  },
};

function describe({ kind, title, own, rows }: LimitsReport): string {
  const whose = own ? "" : " (no part of a sandbox)";
  const here = rows.filter(({ unavailable }) => unavailable === undefined);
  const heading = printable(`Limits of ${kind} ${title}${whose}`);
  return [heading, formatTable(columns, here), ...notHere(rows)].join("\n\n");
}

/** Often one reason is that of many: they stand together, below what can be set. */
function notHere(rows: readonly LimitRowReport[]): readonly string[] {
  const labels = new Map<string, string[]>();
  for (const { limit, unavailable } of rows) {
    if (unavailable === undefined) continue;
    labels.set(unavailable, [...(labels.get(unavailable) ?? []), limitFacts[limit].label]);
  }
  const lines = [...labels].map(([why, names]) => printable(`  ${names.join(", ")}: ${why}`));
  return lines.length === 0 ? [] : [["Not here:", ...lines].join("\n")];
}

function words(limit: LimitName, value: LimitRowReport["value"]): string | undefined {
  return value === undefined ? undefined : formatLimit(limit, value);
}
