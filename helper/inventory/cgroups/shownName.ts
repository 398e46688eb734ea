import { printable } from "../../protocol/printable.ts";

/** What printable() replaces, and the mark that it leaves. */
const replaced = /[\p{C}\p{Zl}\p{Zp}\uFFFD]/gu;

/**
 * A cgroup's name as it is shown, which is part of a row's key: what cannot be shown stands behind it as code points,
 * so that no two names look the same.
 */
export function shownName(name: string): string {
  const shown = printable(name);
  const hidden = name.match(replaced);
  if (!hidden) return shown;
  return `${shown} (${hidden.map((character) => character.codePointAt(0)?.toString(16)).join(" ")})`;
}
