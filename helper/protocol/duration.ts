/** Durations as sandbox.json and Docker write them: `30m`, `1h30m`, `90s`, `500ms`. */
export const durationPattern =
  /^(?=\d)(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,8})s)?(?:(\d{1,9})ms)?$/;

const unitsMs = [3_600_000, 60_000, 1_000, 1];

/** What the launcher counts up to: 366 days. */
const longestMs = 366 * 24 * 3_600_000;

/** Milliseconds; undefined when it is no duration, none at all, or longer than a year. */
export function parseDuration(text: string): number | undefined {
  const match = durationPattern.exec(text);
  if (!match) return undefined;
  const parts = unitsMs.map((unit, index) => unit * Number(match[index + 1] ?? 0));
  const total = parts.reduce((sum, part) => sum + part, 0);
  return total >= 1 && total <= longestMs ? total : undefined;
}
