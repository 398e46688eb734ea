import { formatLimit, type LimitName, limitFacts } from "../../protocol/limits.ts";
import type { LimitRowReport, LimitsReport } from "../../protocol/limitsReport.ts";
import { trialText } from "../../protocol/limitTexts.ts";
import { printable } from "../../protocol/printable.ts";
import { isResourceLimit } from "../../protocol/resourceLimits.ts";
import { type Command, exitCodes, jsonOption } from "../command.ts";
import { isSet } from "../options.ts";
import { onlyTarget } from "../target.ts";
import { type Column, fittingColumns, formatTable } from "../text.ts";

type Columns = readonly Column<LimitRowReport>[];

const limit: Columns[number] = { title: "LIMIT", value: (row) => limitFacts[row.limit].label };
const here: Columns[number] = { title: "HERE", value: (row) => words(row.limit, row.value) };
const above: Columns[number] = { title: "PARENT", value: (row) => words(row.limit, row.parent) };

/** What is told first in a narrow terminal stands first. */
const columns: Columns = [
  limit,
  { ...here, right: true },
  { title: "EFFECTIVE", value: (row) => words(row.limit, row.effective?.value), right: true },
  { title: "SET BY", value: ({ effective }) => effective?.title },
  { ...above, right: true },
  { title: "FILE", value: ({ file }) => file },
];

/** Nothing above leaves less of them, and one file holds them all. */
const columnsOfProcess: Columns = [limit, here, above];

export const limitsCommand: Command = {
  name: "limits",
  summary: "show the limits of a sandbox, a process or a cgroup",
  usage: "limits SANDBOX|PID|/CGROUP [--json]",
  options: [jsonOption],
  run: async ({ connection, print, lineCells }, parsed) => {
    const target = onlyTarget(parsed, "sandbox, process or cgroup", "It shows one at a time.");
    const report = await connection.request("limits/read", { target });
    const json = isSet(parsed, "json");
    print(json ? JSON.stringify(report, null, 2) : describe(report, lineCells()));
    return exitCodes.ok;
  },
};

function describe({ kind, title, own, rows, trials }: LimitsReport, room?: number): string {
  const whose = own ? "" : " (no part of a sandbox)";
  const found = rows.filter(({ unavailable }) => unavailable === undefined);
  const ofProcess = found.filter((row) => isResourceLimit(row.limit));
  const ofCgroup = found.filter((row) => !isResourceLimit(row.limit));
  const heading = printable(`Limits of ${kind} ${title}${whose}`);
  const onTrial = trials.map((trial) => printable(trialText(trial))).join("\n");
  return [
    heading,
    ...table(columns, ofCgroup, room),
    ...(ofProcess[0] ? [`Of each process, here from ${ofProcess[0].file}:`] : []),
    ...table(columnsOfProcess, ofProcess, room),
    onTrial,
    ...notHere(rows),
  ]
    .filter(Boolean)
    .join("\n\n");
}

/** What has no room is named: whoever misses it learns where it is. */
function table(all: Columns, rows: readonly LimitRowReport[], room?: number): readonly string[] {
  if (rows.length === 0) return [];
  const shown = fittingColumns(all, rows, room);
  const missing = all.slice(shown.length).map(({ title }) => title);
  const hint = `In a wider terminal, or with --json: ${missing.join(", ")}`;
  return [formatTable(shown, rows), ...(missing.length > 0 ? [hint] : [])];
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
