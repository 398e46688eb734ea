import { closeFile, openFile, readText } from "./readable.ts";

/** A file above is opened for this, which costs as much as reading this many below. */
const fewestReaders = 8;
/** The averages of pressure follow what was counted up to two seconds later: psi.rst. */
const settlingMs = 2_500;

interface FileAbove {
  readers: number;
  text: string | undefined;
  round: number;
  changedAtMs: number;
}

/**
 * What is counted in a cgroup is counted in all above it, too. So where the file of the one above says the same as
 * before, those of the many below it do, and are not read: the files above are, once a round for all of them.
 */
export class FilesAbove {
  readonly #files = new Map<string, FileAbove>();
  #round = 0;

  beginRound(): void {
    this.#round += 1;
  }

  /** Somebody reads a file below this one, until it leaves. */
  join(path: string): void {
    const file = this.#files.get(path);
    if (file) file.readers += 1;
    else this.#files.set(path, { readers: 1, text: undefined, round: -1, changedAtMs: 0 });
  }

  leave(path: string): void {
    const file = this.#files.get(path);
    if (!file) return;
    file.readers -= 1;
    if (file.readers === 0) this.#files.delete(path);
  }

  /** False where it is not known, too. */
  saysTheSameSince(path: string, ms: number): boolean {
    const file = this.#files.get(path);
    if (!file || file.readers < fewestReaders) return false;
    if (file.round !== this.#round) this.#look(path, file);
    return ms >= file.changedAtMs + settlingMs;
  }

  #look(path: string, file: FileAbove): void {
    const text = readOnce(path);
    if (text === undefined || text !== file.text) file.changedAtMs = performance.now();
    file.text = text;
    file.round = this.#round;
  }
}

/** Undefined also where it has no answer at the moment. */
function readOnce(path: string): string | undefined {
  const file = openFile(path, true);
  if (!file) return undefined;
  try {
    return readText(file) || undefined;
  } finally {
    closeFile(file);
  }
}
