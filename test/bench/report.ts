import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus, release } from "node:os";
import { type Contest, missedBy, ratioOf } from "./contest.ts";

/** The table, for the terminal and for RESULTS.md: Markdown is both. */

const columns = ["work", "ours", "peer", "theirs", "ratio", "bar", ""] as const;

function table(contests: readonly Contest[]): string {
  const rows = [columns, ...contests.map(cells)];
  const widths = columns.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  const lines = rows.map((row) => line(row.map((cell, i) => cell.padEnd(widths[i] ?? 0))));
  const rule = line(widths.map((width) => "-".repeat(width)));
  return [lines[0], rule, ...lines.slice(1)].join("\n");
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

function cells(contest: Contest): readonly string[] {
  const { work, peer, unit, ours, theirs } = contest;
  const figure = (value: number) => `${value.toFixed(value < 100 ? 1 : 0)} ${unit}`;
  return [
    work,
    figure(ours),
    peer,
    figure(theirs),
    ratioText(ratioOf(contest)),
    ...verdict(contest),
  ];
}

function ratioText(ratio: number): string {
  return ratio.toFixed(ratio < 0.1 ? 4 : 2);
}

function verdict(contest: Contest): readonly [bar: string, word: string] {
  const { unit, bar } = contest;
  if (bar === undefined) return ["none", ""];
  const missed = missedBy(contest, bar);
  const word = missed <= 0 ? "met" : `missed by ${Math.ceil(missed * 100)} %`;
  return [`${unit === "MB/s" ? "≥" : "≤"} ${bar}`, word];
}

/** The section of one work: a figure says little without when it was measured, and beside how much else. */
export function section(name: string, contests: readonly Contest[]): string {
  const date = new Date().toISOString().slice(0, 16).replace("T", " ");
  const load = readFileSync("/proc/loadavg", "utf8").split(" ")[0];
  return `## ${name}\n\n${date} UTC, load ${load} at the end.\n\n${table(contests)}\n`;
}

/** RESULTS.md, with the sections of this run in the place of those that it had. */
export function results(
  before: string,
  names: readonly string[],
  measured: ReadonlyMap<string, string>,
): string {
  const kept = before.split(/^(?=## )/m);
  const sections = names.flatMap(
    (name) => measured.get(name) ?? kept.find((text) => text.startsWith(`## ${name}\n`)) ?? [],
  );
  return [`${preface()}\n`, ...sections.map((text) => `${text.trimEnd()}\n`)].join("\n");
}

function preface(): string {
  return [
    "# How fast it is",
    "",
    "Written by `npm run bench`, all of it or the works that are named. Runners take turns; figures are medians of",
    "one run. [NOTES.md](NOTES.md) says where the time goes.",
    "",
    ...machine().map((fact) => `- ${fact}`),
  ].join("\n");
}

function machine(): string[] {
  const processors = cpus();
  return [
    `machine: ${processors.length} × ${processors[0]?.model ?? "unknown"}`,
    `kernel: Linux ${release()}, Node ${process.versions.node}`,
    `peers: ${[version("bwrap"), version("runc"), version("/usr/bin/docker")].join(", ")}`,
  ];
}

function version(program: string): string {
  const output = execFileSync(program, ["--version"], { encoding: "utf8" });
  return output.split("\n")[0]?.replace("version ", "") ?? program;
}
