import {
  listOwnedDirectory,
  ownedDirectoryChange,
  readOwnedFile,
} from "../../kernel/ownedFiles.ts";
import type { Engine, StateEntry } from "./engine.ts";
import { engines } from "./engines.ts";

export interface Stated extends StateEntry {
  readonly engine: Engine;
  /** Whose directory it was found in. */
  readonly uid: number;
}

interface Directory {
  readonly changed: number;
  /** What was read, or how often nothing could be: a directory is there before its file. */
  readonly entries: Map<string, Stated | number>;
}

/** State of runc is 20 to 60 KB. */
const largestFile = 512 * 1024;

/** At most so many files are read in one look at the host; the rest at the next ones. */
const filesALook = 64;

/** Whoever may write a directory of state may fill it. */
const mostEntries = 10_000;

const mostTries = 4;

/** What engines without any other trace have written down, read once a container. */
export class EngineStates {
  readonly #directories = new Map<string, Directory>();
  #remaining = 0;

  /** Of these users' engines. A state that tells of a process which is gone is read again when something changes. */
  read(uids: Iterable<number>, isThere: (entry: Stated) => boolean): readonly Stated[] {
    this.#remaining = filesALook;
    for (const uid of uids) {
      for (const engine of engines) {
        for (const root of engine.state?.roots(uid) ?? []) {
          this.#readRoot(engine, root, uid, isThere);
        }
      }
    }
    return [...this.#directories.values()].flatMap(({ entries }) =>
      [...entries.values()].filter(isStated),
    );
  }

  /** Files may be left to be read. */
  get isUnfinished(): boolean {
    return this.#remaining === 0;
  }

  #readRoot(engine: Engine, root: string, uid: number, isThere: (entry: Stated) => boolean): void {
    const changed = ownedDirectoryChange(root, uid);
    const before = this.#directories.get(root);
    if (changed === undefined) this.#directories.delete(root);
    if (changed === undefined || before?.changed === changed) return;
    const entries = new Map<string, Stated | number>();
    for (const id of listOwnedDirectory(root, uid).slice(0, mostEntries)) {
      const known = before?.entries.get(id) ?? 0;
      const isKnown = isStated(known) ? isThere(known) : known >= mostTries;
      if (isKnown) entries.set(id, known);
      else
        entries.set(
          id,
          this.#readEntry(engine, root, id, uid) ?? (isStated(known) ? 1 : known + 1),
        );
    }
    const isWhole = [...entries.values()].every((entry) => isStated(entry) || entry >= mostTries);
    this.#directories.set(root, { changed: isWhole ? changed : Number.NaN, entries });
  }

  #readEntry(engine: Engine, root: string, id: string, uid: number): Stated | undefined {
    if (this.#remaining === 0) return undefined;
    this.#remaining -= 1;
    const path = `${root}/${id}/${engine.state?.file}`;
    const text = readOwnedFile(path, uid, largestFile);
    const entry = text === undefined ? undefined : engine.state?.parse(text, id);
    return entry && { ...entry, path, engine, uid };
  }
}

function isStated(entry: Stated | number): entry is Stated {
  return typeof entry === "object";
}
