/**
 * Numbers out of a cgroup's files, many times a second: nothing is split, no expression is run. A text
 * begins with a newline (files.ts is read behind one), so that every key has one in front.
 */

const newline = 10;
const zero = 48;
const nine = 57;

/** The count that stands at a place; undefined where none does (`max`, `-1`). */
export function numberAt(text: string, at: number): number | undefined {
  let code = text.charCodeAt(at);
  if (!(code >= zero && code <= nine)) return undefined;
  let value = 0;
  for (let next = at; code >= zero && code <= nine; code = text.charCodeAt(++next)) {
    value = value * 10 + (code - zero);
  }
  return value;
}

/** The number behind `key`, which is written `\nname ` so that no other name ends in it. */
export function numberOf(text: string, key: `\n${string} `): number | undefined {
  const at = text.indexOf(key);
  return at < 0 ? undefined : numberAt(text, at + key.length);
}

/** The file's one number. */
export function onlyNumber(text: string): number | undefined {
  return numberAt(text, text.charCodeAt(0) === newline ? 1 : 0);
}
