import type { Known } from "../../kernel/known.ts";
import {
  type ComparedGroup,
  type ComparisonGroup,
  comparisonGroups,
  type Difference,
} from "../../protocol/comparison.ts";
import type { ComparedFacts, FactTable } from "./facts.ts";
import { isSecret } from "./secrets.ts";

/** Nobody reads more, and two mount namespaces may have nothing in common. */
const mostDifferences = 200;
const longestValue = 400;

export interface ComparisonChoice {
  /** Also values of variables that may be passwords or keys. */
  readonly secrets: boolean;
}

/** Group by group; a pure function of what was read. */
export function compareFacts(
  left: ComparedFacts,
  right: ComparedFacts,
  choice: ComparisonChoice,
): readonly ComparedGroup[] {
  return comparisonGroups.map((group) => compareGroup(group, left[group], right[group], choice));
}

function compareGroup(
  group: ComparisonGroup,
  left: Known<FactTable>,
  right: Known<FactTable>,
  choice: ComparisonChoice,
): ComparedGroup {
  const nothing = { group, same: 0, differences: [], leftOut: 0 };
  if (!left.known) return { ...nothing, notKnown: left.why };
  if (!right.known) return { ...nothing, notKnown: right.why };
  const names = namesOf(group, left.value, right.value);
  const all = names.filter((name) => left.value.get(name) !== right.value.get(name));
  const differences = all.slice(0, mostDifferences).map((name) => ({
    name,
    left: left.value.get(name),
    right: right.value.get(name),
  }));
  return {
    group,
    same: names.length - all.length,
    differences: differences.map((one) => shown(group, one, choice)),
    leftOut: all.length - differences.length,
  };
}

/** Settings that one of two namespaces does not show are the machine's, and the same for both. */
function namesOf(group: ComparisonGroup, left: FactTable, right: FactTable): readonly string[] {
  const names = [...new Set([...left.keys(), ...right.keys()])].sort();
  return group === "sysctls" ? names.filter((name) => left.has(name) && right.has(name)) : names;
}

function shown(group: ComparisonGroup, difference: Difference, choice: ComparisonChoice) {
  const { name, left, right } = difference;
  const isHidden = group === "environment" && !choice.secrets && [left, right].some(isSecretValue);
  const word = (value: string | undefined) =>
    value === undefined ? undefined : isHidden ? "set, not shown" : shortened(value);
  return { name, left: word(left), right: word(right) };

  function isSecretValue(value: string | undefined): boolean {
    return value !== undefined && isSecret(name, value);
  }
}

function shortened(value: string): string {
  return value.length > longestValue ? `${value.slice(0, longestValue - 1)}…` : value;
}
