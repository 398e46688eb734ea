import { isatty } from "node:tty";

/** ECMA-48 and xterm's private modes, by what they do. */
const hideCursor = "\u001b[?25l";
const showCursor = "\u001b[?25h";
/** Lines that are too long end at the margin: then n lines are n rows, whatever they hold. */
const cutLines = "\u001b[?7l";
const wrapLines = "\u001b[?7h";
const otherScreen = "\u001b[?1049h";
const firstScreen = "\u001b[?1049l";
/** The terminal shows all that comes between at once, where it knows these. */
const beginUpdate = "\u001b[?2026h";
const endUpdate = "\u001b[?2026l";
const eraseToEndOfLine = "\u001b[K";
const eraseBelow = "\u001b[J";
const home = "\u001b[H";
const up = (rows: number) => (rows > 0 ? `\u001b[${rows}A\r` : "\r");

export function isTerminal(): boolean {
  return isatty(1);
}

/**
 * A table that is drawn again and again over itself, in one write and without an empty moment between, so
 * that nothing flickers. `whole`: on the terminal's other screen, as top(1) does.
 */
export class Screen {
  readonly #whole: boolean;
  #drawn = 0;
  #closed = false;

  constructor(whole: boolean) {
    this.#whole = whole;
    this.#write((whole ? otherScreen : "") + hideCursor + cutLines);
  }

  /** At most what the terminal has room for: what has scrolled away could not be drawn over. */
  draw(lines: readonly string[]): void {
    if (this.#closed) return;
    // A terminal that was not told its size has 0 rows.
    const room = process.stdout.rows > 1 ? process.stdout.rows - 1 : lines.length;
    const shown = lines.slice(0, room);
    const text = shown.map((line) => `${line}${eraseToEndOfLine}\n`).join("");
    const back = this.#whole ? home : up(this.#drawn);
    this.#write(`${beginUpdate}${back}${text}${eraseBelow}${endUpdate}`);
    this.#drawn = shown.length;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#write(wrapLines + showCursor + (this.#whole ? firstScreen : ""));
  }

  #write(text: string): void {
    process.stdout.write(text);
  }
}
