import { wrapWords } from "../../protocol/columns.ts";
import type { FeatureReport } from "../../protocol/features.ts";
import { printable } from "../../protocol/printable.ts";
import { type Command, exitCodes, jsonOption } from "../command.ts";
import { isSet } from "../options.ts";
import { noTarget } from "../target.ts";
import { type Column, formatTable } from "../text.ts";
import { cellsOf } from "../width.ts";

export const featuresCommand: Command = {
  name: "features",
  summary: "ask the kernel what it can do, and say what follows",
  usage: "features [--json]",
  options: [jsonOption],
  run: async ({ connection, print, lineCells }, parsed) => {
    noTarget(parsed);
    const features = await connection.request("host/features", {});
    const json = isSet(parsed, "json");
    print(json ? JSON.stringify(features, null, 2) : describe(features, lineCells()));
    return exitCodes.ok;
  },
};

/** Two of the columns are sentences: where a line has no room for both, each feature is a paragraph. */
function describe(features: readonly FeatureReport[], room?: number): string {
  const table = formatTable(columns, features);
  const isTooWide = table.split("\n").some((line) => cellsOf(line) > (room ?? cellsOf(line)));
  return room !== undefined && isTooWide
    ? features.map((feature) => paragraph(feature, room)).join("\n")
    : table;
}

function paragraph({ name, available, path, answer }: FeatureReport, room: number): string {
  const indent = "  ";
  const below = [path, `answer: ${answer}`].flatMap((text) =>
    wrapWords(text, room - indent.length),
  );
  return [`${name}: ${available ? "yes" : "no"}`, ...below.map((line) => indent + line)]
    .map((line) => printable(line))
    .join("\n");
}

const columns = [
  { title: "FEATURE", value: ({ name }) => name },
  { title: "HERE", value: ({ available }) => (available ? "yes" : "no") },
  { title: "WHAT TERRARIUM DOES", value: ({ path }) => path },
  { title: "THE KERNEL'S ANSWER", value: ({ answer }) => answer },
] satisfies readonly Column<FeatureReport>[];
