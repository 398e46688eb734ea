/**
 * Replaces what must not reach a terminal, a log or a tree: control characters (escape sequences),
 * format characters (bidirectional overrides, CVE-2021-42574), line and paragraph separators, lone
 * surrogates. Names of processes, cgroups and mounts are chosen by whoever made them.
 */
export function printable(text: string, maximumLength = Number.POSITIVE_INFINITY): string {
  const bounded = text.length > maximumLength ? text.slice(0, maximumLength) : text;
  return harmless.test(bounded) ? bounded : bounded.replace(unprintable, "\uFFFD");
}

/** Most names are plain ASCII: one quick test spares them the Unicode tables. */
const harmless = /^[\x20-\x7e]*$/;
const unprintable = /[\p{C}\p{Zl}\p{Zp}]/gu;
