import { reportWidth, wrapWords } from "./columns.ts";
import {
  type IsolationLevel,
  type IsolationLine,
  type IsolationReport,
  isolationGroups,
  isolationGroupTitles,
  isolationLevels,
  isolationLevelWords,
} from "./isolation.ts";

/** The report for people, 80 columns wide: the same in a terminal and in the editor. */

/** How a mark is painted; a document has no colours. */
export type Paint = (level: IsolationLevel, text: string) => string;

const nameWidth = 18;
const indent = " ".repeat(nameWidth + 2);
const textWidth = reportWidth - indent.length;

export function isolationText(report: IsolationReport, paint: Paint = (_level, text) => text) {
  const groups = isolationGroups.map((group) => {
    const lines = report.lines.filter((line) => line.group === group);
    return [
      isolationGroupTitles[group],
      ...lines.flatMap((line) => describeLine(line, paint)),
    ].join("\n");
  });
  return [heading(report, paint), ...groups].join("\n\n");
}

function heading({ process, sandbox, lines }: IsolationReport, paint: Paint): string {
  const whose = sandbox === undefined ? "" : `sandbox ${sandbox}, `;
  const counts = isolationLevels.map((level) => {
    const count = lines.filter((line) => line.level === level).length;
    return `${paint(level, isolationLevelWords[level].mark)} ${count} ${isolationLevelWords[level].is}`;
  });
  return [
    `What ${whose}process ${process.pid} (${process.command}) can still see and do`,
    counts.join("   "),
    "No score is given: one open line can outweigh twenty that are closed.",
  ].join("\n");
}

function describeLine(line: IsolationLine, paint: Paint): readonly string[] {
  const { level, name, fact, source, matters, remedy } = line;
  const [first = "", ...rest] = withSource(wrap(fact), source);
  return [
    `${paint(level, isolationLevelWords[level].mark)} ${name.padEnd(nameWidth)}${first}`,
    ...[...rest, ...wrap(matters ?? ""), ...wrap(remedy ? `→ ${remedy}` : "")].map(
      (text) => indent + text,
    ),
  ];
}

/** At the right of the first line where there is room, else on a line of its own. */
function withSource(fact: readonly string[], source: string): readonly string[] {
  const [only = "", ...rest] = fact;
  const room = textWidth - only.length - 2;
  return rest.length > 0 || source.length > room
    ? [...fact, source]
    : [only + source.padStart(textWidth - only.length)];
}

const wrap = (text: string): readonly string[] => wrapWords(text, textWidth);
