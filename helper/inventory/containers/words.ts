/** The value of an option in the arguments of an engine: `-M NAME`, `--machine NAME` or `--machine=NAME`. */
export function optionOf(
  words: readonly string[],
  ...names: readonly string[]
): string | undefined {
  for (const [index, word] of words.entries()) {
    if (names.includes(word)) return words[index + 1];
    const equals = word.indexOf("=");
    if (equals > 0 && names.includes(word.slice(0, equals))) return word.slice(equals + 1);
  }
  return undefined;
}

/** 64 hexadecimal digits: what Docker, Podman and the CRI call a container. */
export function isLongId(text: string | undefined): text is string {
  return text !== undefined && /^[0-9a-f]{64}$/.test(text);
}

/** `PREFIX-ID.scope`, as systemd's drivers name a container's unit, or `PREFIX-ID` as cgroupfs's do. */
export function idInScope(name: string, prefix: string): string | undefined {
  if (!name.startsWith(prefix)) return undefined;
  const id = name.slice(prefix.length, name.endsWith(".scope") ? -".scope".length : undefined);
  return isLongId(id) ? id : undefined;
}

/** systemd's escaping in unit names, of which `-` as `\x2d` is the usual one: systemd.unit(5). */
export function unescapeUnit(text: string): string {
  return text.replace(/\\x([0-9a-f]{2})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
}
