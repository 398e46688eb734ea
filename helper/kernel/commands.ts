import { printable } from "../protocol/printable.ts";
import { commBytes } from "./recordLayout.ts";

interface Command {
  readonly words: Uint32Array;
  readonly text: string;
}

/** A power of two. Whoever chooses names that fall on one place has each of them decoded, and no more. */
const places = 1_024;

/** Most processes have a name that others have, too. */
const commands = new Array<Command | undefined>(places).fill(undefined);

/** The comm at a place of the iterator's records; each is decoded once. */
export function commandAt(buffer: Buffer, words: Uint32Array, at: number): string {
  const first = at >> 2;
  const place = placeOf(words, first);
  const known = commands[place];
  if (known && isAt(known, words, first)) return known.text;
  const text = printable(textAt(buffer, at));
  commands[place] = { words: words.slice(first, first + commBytes / 4), text };
  return text;
}

function isAt(command: Command, words: Uint32Array, first: number): boolean {
  for (let index = 0; index < commBytes / 4; index += 1)
    if (command.words[index] !== words[first + index]) return false;
  return true;
}

/** Names begin alike, and differ in their last letters. */
function placeOf(words: Uint32Array, first: number): number {
  let hash = 0;
  for (let at = first; at < first + commBytes / 4; at += 1) {
    hash = Math.imul(hash ^ (words[at] ?? 0), 0x9e37_79b1);
    hash ^= hash >>> 15;
  }
  return hash & (places - 1);
}

function textAt(buffer: Buffer, at: number): string {
  let end = at;
  while (end < at + commBytes && buffer[end] !== 0) end += 1;
  return buffer.toString("utf8", at, end);
}
