import { reportWidth, wrapWords } from "./columns.ts";
import {
  type DoctorFinding,
  type DoctorReport,
  type Verdict,
  verdicts,
  verdictWords,
} from "./doctor.ts";
import { shellWords } from "./shellWords.ts";

/** How a mark is painted; a document has no colours. */
export type PaintVerdict = (verdict: Verdict, text: string) => string;

const indent = "  ";
const textWidth = reportWidth - indent.length;

/** The report, and the line (from 0) on which each finding begins: where the editor puts its lenses. */
export interface DoctorText {
  readonly text: string;
  readonly lineOf: ReadonlyMap<DoctorFinding, number>;
}

export function doctorText(
  report: DoctorReport,
  paint: PaintVerdict = (_verdict, text) => text,
): DoctorText {
  const lines: string[] = [...heading(report, paint)];
  const lineOf = new Map<DoctorFinding, number>();
  for (const verdict of verdicts) {
    const findings = report.findings.filter((one) => one.verdict === verdict);
    for (const [place, finding] of findings.entries()) {
      // Each is a paragraph; what is fine is one list.
      if (verdict !== "fine" || place === 0) lines.push("");
      lineOf.set(finding, lines.length);
      lines.push(...describeFinding(finding, paint));
    }
  }
  return { text: lines.join("\n"), lineOf };
}

function heading(report: DoctorReport, paint: PaintVerdict): readonly string[] {
  const counts = verdicts.map((verdict) => {
    const count = report.findings.filter((finding) => finding.verdict === verdict).length;
    return `${paint(verdict, verdictWords[verdict].mark)} ${count} ${verdictWords[verdict].is}`;
  });
  return [
    `Terrarium ${report.version} as ${report.as}, Linux ${report.kernel} (${report.architecture}), cgroups ${report.cgroupMode}`,
    counts.join("   "),
  ];
}

function describeFinding(finding: DoctorFinding, paint: PaintVerdict): readonly string[] {
  const { name, verdict, tried, answer, cost, fix } = finding;
  const mark = paint(verdict, verdictWords[verdict].mark);
  if (verdict === "fine") return beside(mark, `${name}: ${answer}`);
  return [
    `${mark} ${name}`,
    ...paragraph(`${tried}: ${answer}`),
    ...paragraph(cost),
    ...paragraph(fix && `→ ${fix.words}`),
    ...(fix?.command ? [`${indent}${indent}${commandLine(fix.command)}`] : []),
  ];
}

/** What is as it should be takes a line, or as few as it can. */
function beside(mark: string, text: string): readonly string[] {
  const [first = "", ...rest] = wrapWords(text, textWidth);
  return [`${mark} ${first}`, ...rest.map((line) => indent + line)];
}

/** As it is typed: what it changes belongs to root. */
export function commandLine(command: readonly string[]): string {
  return `sudo ${shellWords(command)}`;
}

function paragraph(text: string | undefined): readonly string[] {
  return wrapWords(text ?? "", textWidth).map((line) => indent + line);
}
