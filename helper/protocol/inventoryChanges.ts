import {
  type HostFacts,
  type HostTables,
  type TableName,
  tableKeys,
  tableNames,
} from "./hostTables.ts";
import type { SandboxSummary } from "./inventory.ts";
import { applied, type HeldTable, type TableChange } from "./tableChanges.ts";

/** What a client that watches is told: for each table what it has not had yet. */

export interface WatchedTables extends HostTables {
  /** Of this user, those that have ended too. */
  readonly sandboxes: SandboxSummary;
}

export const watchedTableNames = [...tableNames, "sandboxes"] as const;

export type WatchedTableName = TableName | "sandboxes";

export const watchedTableKeys: {
  readonly [T in WatchedTableName]: (row: WatchedTables[T]) => string;
} = { ...tableKeys, sandboxes: ({ id }) => id };

/** The facts of the host, and of how it is watched. */
export interface WatchedHost extends HostFacts {
  /** The kernel tells of each process; without, they are looked at once a second. */
  readonly processEvents: boolean;
}

export type WatchedChanges = {
  readonly [T in WatchedTableName]?: TableChange<WatchedTables[T]>;
};

/** Of one instant: rows of one table may name rows of another. */
export interface InventoryChange {
  /** When they are not what they were; with the first change always. */
  readonly host?: WatchedHost | undefined;
  readonly tables: WatchedChanges;
}

/** What a client has; nothing of what it does not watch. */
export interface HeldInventory {
  readonly host?: WatchedHost | undefined;
  readonly tables: { readonly [T in WatchedTableName]?: HeldTable<WatchedTables[T]> };
}

export const nothingHeld: HeldInventory = { tables: {} };

export interface TakenChange {
  readonly held: HeldInventory;
  readonly changed: readonly WatchedTableName[];
  /** Tables of which a change has been missed: they are no longer held, and have to be watched anew. */
  readonly missed: readonly WatchedTableName[];
}

export function takeChange(before: HeldInventory, change: InventoryChange): TakenChange {
  const names = watchedTableNames.filter((name) => change.tables[name] !== undefined);
  const next = Object.fromEntries(names.map((name) => [name, taken(name, before, change)]));
  const held: HeldInventory = {
    host: change.host ?? before.host,
    tables: { ...before.tables, ...next },
  };
  const missed = names.filter((name) => held.tables[name] === undefined);
  return { held, changed: names.filter((name) => !missed.includes(name)), missed };
}

function taken<T extends WatchedTableName>(
  name: T,
  { tables }: HeldInventory,
  change: InventoryChange,
): HeldTable<WatchedTables[T]> | undefined {
  const held = tables[name] ?? { rows: new Map<string, WatchedTables[T]>(), generation: 0 };
  const next = change.tables[name];
  return next && applied(held, next, watchedTableKeys[name]);
}

/** What "inventory/watch" is asked for: the generation that is held of each table, 0 for none. */
export function generationsOf(
  { tables }: HeldInventory,
  wanted: Iterable<WatchedTableName>,
): { readonly [T in WatchedTableName]?: number } {
  return Object.fromEntries([...wanted].map((name) => [name, tables[name]?.generation ?? 0]));
}

/** Without the tables that are not wanted: what is not watched is not known to be true. */
export function heldOnly(
  { host, tables }: HeldInventory,
  wanted: { has(name: WatchedTableName): boolean },
): HeldInventory {
  const kept = watchedTableNames.filter((name) => wanted.has(name));
  return { host, tables: Object.fromEntries(kept.map((name) => [name, tables[name]])) };
}
