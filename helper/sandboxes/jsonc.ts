/**
 * JSON with comments, as VS Code's own files have it: `//`, block comments, and a comma after the last
 * element. Comments become spaces, so that the positions in JSON.parse's messages stay true.
 * Throws SyntaxError.
 */
export function parseJsonc(text: string): unknown {
  return JSON.parse(blankTrailingCommas(blankComments(text.replace(/^\u{feff}/u, " "))));
}

/** A string comes first in each pattern: what looks like a comment or a comma inside one is text. */
const stringOrComment = /"(?:[^"\\\n]|\\.)*"|\/\/[^\n]*|\/\*[\s\S]*?\*\//g;
const stringOrTrailingComma = /"(?:[^"\\\n]|\\.)*"|,(?=\s*[}\]])/g;

function blankComments(text: string): string {
  return text.replace(stringOrComment, (found) => (found.startsWith('"') ? found : blank(found)));
}

function blankTrailingCommas(text: string): string {
  return text.replace(stringOrTrailingComma, (found) => (found === "," ? " " : found));
}

function blank(comment: string): string {
  return comment.replace(/[^\n]/g, " ");
}
