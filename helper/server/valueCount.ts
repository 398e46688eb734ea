const quote = 0x22;
const backslash = 0x5c;
/** What JSON has more than one of only where there is more than one value: `,`, `[`, `{`. */
const marks = new Set([0x2c, 0x5b, 0x7b]);

/**
 * Counts the values of a JSON text that comes in pieces, by what stands between them outside of its strings. An empty
 * object is three bytes of a message, and 67 of the memory of who has read it.
 */
export class ValueCount {
  #isString = false;
  #isEscaped = false;
  #values = 0;

  /** How many there are by the end of this piece. */
  add(piece: Buffer): number {
    for (const byte of piece) {
      if (this.#isString) this.#readString(byte);
      else if (byte === quote) this.#isString = true;
      else if (marks.has(byte)) this.#values += 1;
    }
    return this.#values;
  }

  #readString(byte: number): void {
    if (this.#isEscaped) this.#isEscaped = false;
    else if (byte === backslash) this.#isEscaped = true;
    else if (byte === quote) this.#isString = false;
  }
}
