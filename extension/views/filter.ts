import type { Row } from "./row.ts";

/** The rows that hold every word of the filter, with all that is below them, and those above them. */
export function filteredRows(rows: readonly Row[], filter: string): readonly Row[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  return words.length === 0 ? rows : rows.flatMap((row) => filtered(row, words));
}

function filtered(row: Row, words: readonly string[]): readonly Row[] {
  if (row.isDetail) return [];
  if (isFound(row, words)) return [row];
  const found = (row.children?.() ?? []).flatMap((child) => filtered(child, words));
  if (found.length === 0) return [];
  return [{ ...row, children: () => found, startsOpen: true, isOnTheWay: true }];
}

function isFound({ subject, label, description, alsoFound = "" }: Row, words: readonly string[]) {
  if (subject.kind === "group") return false;
  const text = `${label} ${description} ${alsoFound}`.toLowerCase();
  return words.every((word) => text.includes(word));
}
