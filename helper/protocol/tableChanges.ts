/** Changes of a keyed table: what a watching client gets in the place of whole reports. */

/**
 * From one generation to the next. A client that has another generation than `since` has missed something, and
 * asks for the whole; `since` 0 is the whole.
 */
export interface TableChange<Row> {
  readonly since: number;
  readonly generation: number;
  /** Rows that are new, or not what they were. */
  readonly put: readonly Row[];
  /** Keys of rows that are gone. */
  readonly gone: readonly string[];
}

export type Table<Row> = ReadonlyMap<string, Row>;

export function tableOf<Row>(rows: readonly Row[], key: (row: Row) => string): Table<Row> {
  return new Map(rows.map((row) => [key(row), row]));
}

/** What leads from `before` to `after`; rows are compared by `isSame`. */
export function differences<Row>(
  before: Table<Row>,
  after: Table<Row>,
  isSame: (a: Row, b: Row) => boolean,
): Pick<TableChange<Row>, "put"> & { readonly gone: readonly string[] } {
  const put: Row[] = [];
  for (const [key, row] of after) {
    const old = before.get(key);
    if (old === undefined || !isSame(old, row)) put.push(row);
  }
  return { put, gone: [...before.keys()].filter((key) => !after.has(key)) };
}

/** A table as a client has it. */
export interface HeldTable<Row> {
  readonly rows: Table<Row>;
  readonly generation: number;
}

/**
 * Whether two rows say the same. They are plain data; a key that is absent and one that is undefined are the same,
 * as they are in JSON. Rows that were kept are one object, so that most comparisons end at once.
 */
export function isSameRow(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (!isPlain(a) || !isPlain(b) || Array.isArray(a) !== Array.isArray(b)) return false;
  for (const key in a) if (!isSameRow(a[key], b[key])) return false;
  for (const key in b) if (a[key] === undefined && b[key] !== undefined) return false;
  return true;
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

/** The table after a change; undefined where the change does not follow on what is there. */
export function applied<Row>(
  table: HeldTable<Row>,
  change: TableChange<Row>,
  key: (row: Row) => string,
): HeldTable<Row> | undefined {
  if (change.since !== 0 && change.since !== table.generation) return undefined;
  const rows = new Map(change.since === 0 ? [] : table.rows);
  for (const gone of change.gone) rows.delete(gone);
  for (const row of change.put) rows.set(key(row), row);
  return { rows, generation: change.generation };
}
