/** How many cells of a terminal a text takes: names may be of any script. */
export function cellsOf(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let cells = 0;
  for (const letter of text) cells += isWide(letter.codePointAt(0) ?? 0) ? 2 : cellOf(letter);
  return cells;
}

/** Its beginning, with a mark for the rest. */
export function cutCells(text: string, cells: number): string {
  if (cellsOf(text) <= cells) return text;
  let [kept, taken] = ["", 0];
  for (const letter of text) {
    taken += cellsOf(letter);
    if (taken > cells - 1) break;
    kept += letter;
  }
  return `${kept}…`;
}

export function padEndCells(text: string, cells: number): string {
  return text + " ".repeat(Math.max(0, cells - cellsOf(text)));
}

export function padStartCells(text: string, cells: number): string {
  return " ".repeat(Math.max(0, cells - cellsOf(text))) + text;
}

/** Marks that stand on the letter before them take no cell of their own. */
function cellOf(letter: string): number {
  return /\p{Mn}|\p{Me}/u.test(letter) ? 0 : 1;
}

/** Unicode's East Asian Width W and F (UAX 11), in blocks. */
const wideBlocks: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2e80, 0xa4cf],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x1f300, 0x1faff],
  [0x20000, 0x3fffd],
];

function isWide(point: number): boolean {
  return wideBlocks.some(([first, last]) => point >= first && point <= last);
}
