/**
 * A piece of a stream costs its reader some hundred bytes beside its own, and who writes byte by byte is read byte by
 * byte: a message of a megabyte was 700 in memory. So small pieces are put together.
 */
export interface Gathered {
  /** What is to be passed on now. `mayWait`: nobody can do anything with it before more has come. */
  add(piece: Buffer, mayWait: boolean): readonly Buffer[];
}

const wholeBytes = 64 * 1024;
const smallBytes = 4 * 1024;

export function openGathered(): Gathered {
  let gathered: Buffer | undefined;
  let length = 0;

  function take(): readonly Buffer[] {
    const taken = gathered?.subarray(0, length);
    [gathered, length] = [undefined, 0];
    return taken ? [taken] : [];
  }

  return {
    add: (piece, mayWait) => {
      if (piece.length > smallBytes || !(mayWait || gathered)) return [...take(), piece];
      gathered ??= Buffer.allocUnsafeSlow(wholeBytes);
      length += piece.copy(gathered, length);
      return !mayWait || length > wholeBytes - smallBytes ? take() : [];
    },
  };
}
