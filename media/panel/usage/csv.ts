import type { Slice } from "./columns.ts";
import { graphFacts, graphNames } from "./graphs.ts";
import type { UsageRecord } from "./record.ts";

/** The rows that are shown, as RFC 4180 has tables: one column a figure, empty where there is none. */
export function csvOf(record: UsageRecord, slice: Slice): string {
  const lines = graphNames.flatMap((graph) =>
    record.linesOf(graph).map((line) => ({ ...line, graph: graphFacts[graph] })),
  );
  const head = [
    "time",
    ...lines.map(({ graph, label }) => `${graph.title} ${label} (${graph.unit})`),
  ];
  const columns = lines.map(({ key }) => slice.of(key));
  const rows = [...slice.times].map((time, index) => [
    new Date(time).toISOString(),
    ...columns.map((column) => cell(column[index] ?? Number.NaN)),
  ]);
  return [head.map(quoted), ...rows].map((row) => `${row.join(",")}\r\n`).join("");
}

function cell(value: number): string {
  return Number.isNaN(value) ? "" : `${Math.round(value * 1000) / 1000}`;
}

/** A title may hold an interface's name: quoted, and never the beginning of a formula. */
function quoted(title: string): string {
  return `"${title.replaceAll('"', '""')}"`;
}
