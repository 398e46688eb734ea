const size = /^(\d+(?:\.\d+)?) ?([kmgt]?)b?$/i;

/** `512m`, `512 MB`, `1.5g`, `1048576` to bytes; undefined when it is no size. Binary multiples, as Docker's. */
export function parseBytes(text: string): number | undefined {
  const [, digits, suffix = ""] = size.exec(text.trim()) ?? [];
  if (digits === undefined) return undefined;
  return Math.floor(
    Number(digits) * 1024 ** ["", "k", "m", "g", "t"].indexOf(suffix.toLowerCase()),
  );
}

/** Bytes in words for people: `41 MB`. Binary multiples, as Docker's `-m 41m` and `free` count. */
export function formatBytes(bytes: number): string {
  const units = ["B", "KB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = value < 10 && unit > 0 ? 1 : 0;
  return `${value.toFixed(digits).replace(/\.0$/, "")} ${units[unit]}`;
}
