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
  /** What was read, or since when nothing could be, by performance.now(): a directory is there before its file. */
  readonly entries: Map<string, Stated | number>;
}

/** State of runc is 20 to 60 KB. */
const largestFile = 512 * 1024;

/** At most so many files are read in one look at the host; the rest at the next ones. */
const filesALook = 64;

/** Whoever may write a directory of state may fill it. */
const mostEntries = 10_000;

/** Looks come every few milliseconds while much happens, and an engine on a busy machine takes its time to write. */
const patienceMs = 10_000;

/** Of the clock by which the kernel says when a directory changed: another change within it has the same time. */
const coarseMs = 50;

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
    const nowMs = performance.now();
    const entries = new Map<string, Stated | number>();
    for (const id of listOwnedDirectory(root, uid).slice(0, mostEntries)) {
      const known = before?.entries.get(id);
      const sinceMs = isStated(known) ? nowMs : (known ?? nowMs);
      const isKnown = isStated(known) ? isThere(known) : nowMs - sinceMs >= patienceMs;
      entries.set(
        id,
        known !== undefined && isKnown
          ? known
          : (this.#readEntry(engine, root, id, uid) ?? sinceMs),
      );
    }
    const isWhole =
      Date.now() - changed > coarseMs &&
      [...entries.values()].every((entry) => isStated(entry) || nowMs - entry >= patienceMs);
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

function isStated(entry: Stated | number | undefined): entry is Stated {
  return typeof entry === "object";
}
