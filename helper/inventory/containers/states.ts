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
  /** Nothing more is expected of it until it changes. */
  readonly isWhole: boolean;
  readonly entries: ReadonlyMap<string, Entry>;
}

/**
 * A directory is there before its file, and runc's file names first a process that goes before the container's own is
 * there: what tells of nobody is read again, for a while. Times by performance.now().
 */
interface Entry {
  readonly stated: Stated | undefined;
  readonly sinceMs: number;
  readonly readAtMs: number;
}

/** State of runc is 20 to 60 KB. */
const largestFile = 512 * 1024;

/** At most so many files are read in one look at the host; the rest at the next ones. */
const filesALook = 64;

/** Whoever may write a directory of state may fill it. */
const mostEntries = 10_000;

/** An engine on a busy machine takes its time to write; looks come every few milliseconds while much happens. */
const patienceMs = 10_000;
const pauseMs = 100;

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
      [...entries.values()].flatMap(({ stated }) => stated ?? []),
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
    const isSame = before?.changed === changed;
    if (changed === undefined || (isSame && before?.isWhole)) return;
    const nowMs = performance.now();
    const isSettled = ({ stated, sinceMs }: Entry) =>
      (stated !== undefined && isThere(stated)) || (isSame && nowMs - sinceMs >= patienceMs);
    const entries = new Map<string, Entry>();
    for (const id of listOwnedDirectory(root, uid).slice(0, mostEntries)) {
      const known = before?.entries.get(id);
      const rests = known && isSame && nowMs - known.readAtMs < pauseMs;
      const read = () => ({
        stated: this.#readEntry(engine, root, id, uid),
        sinceMs: isSame && known ? known.sinceMs : nowMs,
        readAtMs: nowMs,
      });
      entries.set(id, known && (rests || isSettled(known)) ? known : read());
    }
    const isWhole = Date.now() - changed > coarseMs && [...entries.values()].every(isSettled);
    this.#directories.set(root, { changed, isWhole, entries });
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
