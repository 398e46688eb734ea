import {
  type InventoryChange,
  type WatchedChanges,
  type WatchedTableName,
  watchedTableNames,
} from "./inventoryChanges.ts";

/**
 * One change as several messages: of a host with thousands of processes the first is two megabytes, which would
 * keep both sides from everything else while it is written and read.
 */
export interface InventoryPart extends InventoryChange {
  /** More of the same change follows. */
  readonly isPart?: true | undefined;
}

/** Some 200 KB of processes, which take 2 ms to write. */
export const rowsOfPart = 512;

/** For who sends it. A change of few rows is one. */
export function* partsOf(change: InventoryChange): Iterable<InventoryPart> {
  const rows = watchedTableNames.map((name) => change.tables[name]?.put.length ?? 0);
  if (rows.reduce((sum, count) => sum + count, 0) <= rowsOfPart) {
    yield change;
    return;
  }
  const pieces = watchedTableNames.flatMap((name) => piecesOf(name, change));
  for (const [place, tables] of pieces.entries()) {
    yield {
      ...(place === 0 && change.host && { host: change.host }),
      tables,
      ...(place < pieces.length - 1 && { isPart: true }),
    };
  }
}

function piecesOf<T extends WatchedTableName>(name: T, { tables }: InventoryChange) {
  const whole = tables[name];
  if (!whole) return [];
  const pieces: WatchedChanges[] = [];
  for (let from = 0; from === 0 || from < whole.put.length; from += rowsOfPart) {
    const put = whole.put.slice(from, from + rowsOfPart);
    const gone = from === 0 ? whole.gone : [];
    // Each goes on from the one before, also where another change came in between.
    const since = from === 0 ? whole.since : whole.generation;
    pieces.push(Object.assign({}, { [name]: { ...whole, since, put, gone } }));
  }
  return pieces;
}

/** For who receives them: `onChange` has each change when all of it is there. */
export function inWhole(onChange: (change: InventoryChange) => void) {
  const parts: InventoryChange[] = [];
  return ({ isPart, ...part }: InventoryPart): void => {
    parts.push(part);
    if (!isPart) onChange(joined(parts.splice(0)));
  };
}

function joined(parts: readonly InventoryChange[]): InventoryChange {
  const [first] = parts;
  if (parts.length === 1 && first) return first;
  const tables: WatchedChanges = {};
  for (const name of watchedTableNames) Object.assign(tables, tableOf(name, parts));
  return { ...(first?.host && { host: first.host }), tables };
}

function tableOf<T extends WatchedTableName>(name: T, parts: readonly InventoryChange[]) {
  const all = parts.flatMap(({ tables }) => tables[name] ?? []);
  // One that begins anew, as of another helper, has nothing to do with those before.
  const pieces = all.slice(Math.max(0, all.map(({ since }) => since).lastIndexOf(0)));
  const [first] = pieces;
  if (!first) return {};
  const put = pieces.flatMap((piece) => piece.put);
  return { [name]: { ...first, put, gone: pieces.flatMap(({ gone }) => gone) } };
}
