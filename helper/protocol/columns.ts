/** Reports for people, 80 columns wide: the same in a terminal and in a document of the editor. */

export const reportWidth = 80;

/** Breaks between words; what is longer than a line (a path) stays whole, so that it can be copied. */
export function wrapWords(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(" ").filter(Boolean)) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}
