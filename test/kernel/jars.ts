import assert from "node:assert/strict";
import type { Escape, Wall } from "./escapes.ts";

/** Copies of a sandbox with walls missing, and what becomes of attempts there. */

type Rows = Readonly<Record<string, Escape>>;

/** What each attempt came to: "ok", or the errno's name. */
export type Answers = Readonly<Record<string, string>>;

export function rowsHere(escapes: Rows): Rows {
  const isHere = ({ architecture = process.arch }: Escape) => architecture === process.arch;
  return Object.fromEntries(Object.entries(escapes).filter(([, row]) => isHere(row)));
}

export function titleOf(name: string, { stoppedBy }: Escape): string {
  return `${name.replaceAll("_", " ")}: stopped by ${stoppedBy.join(", ")}`;
}

/** Which attempts to make without which walls. */
export function planJars(rows: Rows): ReadonlyMap<string, readonly string[]> {
  const jars = new Map<string, string[]>();
  for (const [name, row] of Object.entries(rows)) {
    for (const kept of [undefined, ...row.stoppedBy]) {
      const walls = missing(row, kept);
      jars.set(walls, [...(jars.get(walls) ?? []), name]);
    }
  }
  return jars;
}

/** An older kernel without the call, or one built without it: there is nothing to stop. */
export function isAbsent(name: string, row: Escape, jars: ReadonlyMap<string, Answers>): boolean {
  return /^(ENOSYS|EAFNOSUPPORT)$/.test(jars.get(missing(row))?.[name] ?? "");
}

/** It works where all that stops it is missing, and with any one of these walls it does not. */
export function assertWalls(name: string, row: Escape, jars: ReadonlyMap<string, Answers>): void {
  const all = missing(row);
  assert.equal(jars.get(all)?.[name], "ok", `without ${all}`);
  for (const wall of row.stoppedBy) {
    const others = missing(row, wall);
    assert.match(jars.get(others)?.[name] ?? "", /^E/, `without ${others || "nothing"}`);
  }
}

/** The walls that are missing in a try, of which one may be kept. */
function missing({ stoppedBy, beside = [] }: Escape, kept?: Wall): string {
  return [...stoppedBy, ...beside].filter((wall) => wall !== kept).join(",");
}

export function readAnswers(text: string): Answers {
  const lines = text.trim().split("\n");
  return Object.fromEntries(lines.map((line) => line.split(": ")));
}
