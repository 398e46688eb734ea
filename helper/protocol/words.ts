/** Words for figures, the same in a row, a card and a table of the client. */

export function countOf(count: number, noun: string): string {
  const plural = /(s|x|ch|sh)$/.test(noun) ? `${noun}es` : `${noun}s`;
  return `${numberWords(count)} ${count === 1 ? noun : plural}`;
}

/** Most are small, and a thousand rows have one: the formatter is asked only where it changes something. */
function numberWords(count: number): string {
  return count < 1_000 ? `${count}` : count.toLocaleString("en");
}

/** Between the facts of a row. */
export const factSeparator = " · ";

/** The facts that are there, as one text. */
export function facts(...parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined && part !== "").join(factSeparator);
}

/** `< 1 min`, `12 min`, `3 h`, `4 d`: a row changes seldom because of it. */
export function ageWords(milliseconds: number): string {
  const minutes = Math.floor(milliseconds / 60_000);
  if (minutes < 1) return "< 1 min";
  if (minutes < 60) return `${minutes} min`;
  return minutes < 1_440 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 1_440)} d`;
}
