import {
  type ComparedGroup,
  type ComparedProcess,
  type Comparison,
  comparisonGroupTitles,
  type Difference,
} from "./comparison.ts";

/** A comparison for people: the same in a terminal and in the editor. */

const widestName = 26;
/** What both sides have room for on one line. */
const widestValue = 28;
const none = "none";

export function comparisonText({ left, right, groups }: Comparison): string {
  return [
    `< ${describeProcess(left)}\n> ${describeProcess(right)}`,
    ...groups.map(describeGroup),
  ].join("\n\n");
}

function describeProcess({ process, sandbox }: ComparedProcess): string {
  const whose = sandbox === undefined ? "" : `, sandbox ${sandbox}`;
  return `${process.pid}  ${process.command}${whose}`;
}

function describeGroup({ group, same, differences, leftOut, notKnown }: ComparedGroup): string {
  const title = comparisonGroupTitles[group];
  if (notKnown !== undefined) return `${title}: not known: ${notKnown}`;
  const total = differences.length + leftOut;
  const head = `${title}: ${howMany(total)}, ${same} the same`;
  const rest = leftOut > 0 ? [`  … and ${leftOut} more`] : [];
  return [head, ...describeAll(differences), ...rest].join("\n");
}

function howMany(differences: number): string {
  if (differences === 0) return "nothing differs";
  return differences === 1 ? "1 differs" : `${differences} differ`;
}

/** Short ones side by side, long ones below each other as diff(1) has them. */
function describeAll(differences: readonly Difference[]): readonly string[] {
  const short = differences.filter(isShort);
  const nameWidth = Math.max(0, ...short.map(({ name }) => name.length));
  const leftWidth = Math.max(0, ...short.map(({ left = none }) => left.length));
  return differences.flatMap((difference) => {
    const { name, left = none, right = none } = difference;
    if (!isShort(difference)) return [`  ${name}`, `    < ${left}`, `    > ${right}`];
    return `  ${name.padEnd(nameWidth)}  < ${left.padEnd(leftWidth)}  > ${right}`;
  });
}

function isShort({ name, left = none, right = none }: Difference): boolean {
  return name.length <= widestName && left.length <= widestValue && right.length <= widestValue;
}
