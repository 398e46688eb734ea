import { isSameRow, type Table, type TableChange } from "../../protocol/tableChanges.ts";

/**
 * One table as it was last read, and what each of its readers has not had of it. Whoever reads gives rows that are
 * what they were as the same objects: those are not looked at, so that a change costs what it changes, and not what
 * the host has.
 */
export class PublishedTable<Row extends object> {
  readonly #key: (row: Row) => string;
  readonly #readers = new Set<TableReader>();
  #list: ReadonlySet<Row> = new Set();
  #rows: Map<string, Row> | undefined;
  #generation = 0;

  constructor(key: (row: Row) => string) {
    this.#key = key;
  }

  get isRead(): boolean {
    return this.#readers.size > 0;
  }

  /** `generation` must be above all before. Nothing is compared, or kept, for nobody. */
  publish(list: readonly Row[], generation: number): void {
    if (!this.isRead) return;
    const isFirst = this.#rows === undefined;
    const rows = this.#rows ?? new Map<string, Row>();
    const changed = this.#take(new Set(list), rows);
    this.#rows = rows;
    if (!isFirst && changed.length === 0) return;
    this.#generation = generation;
    for (const reader of this.#readers) reader.miss(changed, rows.size);
  }

  /** For a client that has nothing of it. */
  open(): TableReader {
    const reader = new TableReader();
    this.#readers.add(reader);
    return reader;
  }

  /** What nobody reads is not kept: by the time that somebody does it is no longer true. */
  close(reader: TableReader): void {
    this.#readers.delete(reader);
    if (this.isRead) return;
    this.#rows = undefined;
    this.#list = new Set();
  }

  /** What this reader has not had, all in one; undefined where there is nothing, or nothing was read yet. */
  changeFor(reader: TableReader): TableChange<Row> | undefined {
    if (this.#rows === undefined) return undefined;
    return reader.take(this.#rows, this.#generation);
  }

  /** Brings `rows` from the last list to this one, and answers the keys of those that are not what they were. */
  #take(list: ReadonlySet<Row>, rows: Map<string, Row>): readonly string[] {
    const fresh = [...list].filter((row) => !this.#list.has(row));
    const stale = [...this.#list].filter((row) => !list.has(row));
    this.#list = list;
    const freshKeys = new Set(fresh.map(this.#key));
    const gone = stale.map(this.#key).filter((key) => !freshKeys.has(key));
    const put = fresh.filter((row) => !isSameRow(rows.get(this.#key(row)), row)).map(this.#key);
    for (const key of gone) rows.delete(key);
    for (const row of fresh) rows.set(this.#key(row), row);
    return [...put, ...gone];
  }
}

/**
 * How far one client is with one table. What it misses is a set of keys and no queue of changes: of a slow client
 * it costs no more than the table has rows, however often they change.
 */
export class TableReader {
  #since = 0;
  /** Undefined: everything. */
  #missed: Set<string> | undefined;

  /** The generation that was handed out last. */
  get since(): number {
    return this.#since;
  }

  miss(keys: readonly string[], rows: number): void {
    if (!this.#missed) return;
    for (const key of keys) this.#missed.add(key);
    if (this.#missed.size > Math.max(rows, fewRows)) this.#missed = undefined;
  }

  take<Row>(rows: Table<Row>, generation: number): TableChange<Row> | undefined {
    const missed = this.#missed;
    if (missed?.size === 0) return undefined;
    const since = this.#since;
    this.#since = generation;
    this.#missed = new Set();
    if (!missed) return { since: 0, generation, put: [...rows.values()], gone: [] };
    return { since, generation, ...split(missed, rows) };
  }
}

/** So many keys of rows that are gone may wait although the table itself is shorter. */
const fewRows = 1_000;

function split<Row>(keys: ReadonlySet<string>, rows: Table<Row>) {
  const put: Row[] = [];
  const gone: string[] = [];
  for (const key of keys) {
    const row = rows.get(key);
    if (row === undefined) gone.push(key);
    else put.push(row);
  }
  return { put, gone };
}
