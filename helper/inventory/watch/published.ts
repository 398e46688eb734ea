import { setImmediate as nextTurn } from "node:timers/promises";
import {
  type InventoryChange,
  type WatchedHost,
  type WatchedTableName,
  type WatchedTables,
  watchedTableKeys,
  watchedTableNames,
} from "../../protocol/inventoryChanges.ts";
import { type InventoryPart, partsOf } from "../../protocol/inventoryParts.ts";
import { isSameRow, type TableChange } from "../../protocol/tableChanges.ts";
import { atOnce, type Steps } from "../turns.ts";
import { PublishedTable, type TableReader } from "./publishedTable.ts";

/** The generation that a client has of each table that it wants; 0: nothing. */
export type Wanted = { readonly [T in WatchedTableName]?: number | undefined };

/** Resolves when the client has been written to, and could be again. */
export type Send = (change: InventoryPart) => Promise<void>;

export type PublishedRows = { readonly [T in WatchedTableName]?: readonly WatchedTables[T][] };

/** The tables as they were last read, with one generation for all clients of a helper. */
export class Published {
  readonly tables: { readonly [T in WatchedTableName]: PublishedTable<WatchedTables[T]> } = {
    processes: new PublishedTable(watchedTableKeys.processes),
    namespaces: new PublishedTable(watchedTableKeys.namespaces),
    cgroups: new PublishedTable(watchedTableKeys.cgroups),
    containers: new PublishedTable(watchedTableKeys.containers),
    sandboxes: new PublishedTable(watchedTableKeys.sandboxes),
  };
  readonly #subscribers = new Set<Subscriber>();
  /** Not those of a helper before this one: a client may still have what that one told. */
  #generation = Date.now() * 1_000;
  #host: WatchedHost | undefined;
  #underWay = 0;

  /** What somebody wants. */
  get wanted(): readonly WatchedTableName[] {
    return watchedTableNames.filter((name) => this.tables[name].isRead);
  }

  /** As it was when a table was read last. */
  get host(): WatchedHost | undefined {
    return this.#host;
  }

  /** Tells each client what of it is news to that client. */
  publish(rows: PublishedRows, host: WatchedHost): void {
    atOnce(this.publishing(rows, host));
  }

  *publishing(rows: PublishedRows, host: WatchedHost): Steps<void> {
    this.#generation += 1;
    if (!isSameRow(this.#host, host)) this.#host = host;
    this.#underWay += 1;
    for (const name of watchedTableNames) {
      this.#publish(name, rows);
      yield;
    }
    this.#underWay -= 1;
    for (const subscriber of this.#subscribers) subscriber.tell();
  }

  /** Tables are of several instants, and nothing of them is told. */
  get isUnderWay(): boolean {
    return this.#underWay > 0;
  }

  subscribe(send: Send): Subscriber {
    const subscriber = new Subscriber(this, send);
    this.#subscribers.add(subscriber);
    return subscriber;
  }

  forget(subscriber: Subscriber): void {
    this.#subscribers.delete(subscriber);
  }

  #publish<T extends WatchedTableName>(name: T, rows: PublishedRows): void {
    const next = rows[name];
    if (next) this.tables[name].publish(next, this.#generation);
  }
}

/** One client. While one change is being written to it the next ones become one. */
export class Subscriber {
  readonly #published: Published;
  readonly #send: Send;
  readonly #readers = new Map<WatchedTableName, TableReader>();
  #host: WatchedHost | undefined;
  #isWriting = false;

  constructor(published: Published, send: Send) {
    this.#published = published;
    this.#send = send;
  }

  /** The whole set from now on. Who has what it was told last goes on from there; others begin anew. */
  set(wanted: Wanted): void {
    const { tables } = this.#published;
    for (const name of watchedTableNames) {
      const reader = this.#readers.get(name);
      if (reader?.since === wanted[name]) continue;
      this.#readers.delete(name);
      if (wanted[name] !== undefined) {
        this.#readers.set(name, tables[name].open());
        // With the whole of a table come the facts.
        this.#host = undefined;
      }
      if (reader) tables[name].close(reader);
    }
    this.tell();
  }

  tell(): void {
    if (this.#isWriting || this.#published.isUnderWay) return;
    const change = this.#next();
    if (change) void this.#write(change);
  }

  async #write(change: InventoryChange): Promise<void> {
    this.#isWriting = true;
    for (const part of partsOf(change)) {
      // Who cannot be written to has gone: its connection says so.
      await this.#send(part).catch(() => undefined);
      if (part.isPart) await nextTurn();
    }
    this.#isWriting = false;
    this.tell();
  }

  #next(): InventoryChange | undefined {
    const told: { [T in WatchedTableName]?: TableChange<WatchedTables[T]> } = {};
    for (const [name, reader] of this.#readers) this.#take(name, reader, told);
    const { host } = this.#published;
    const isNewHost = this.#readers.size > 0 && host !== this.#host;
    if (!isNewHost && Object.keys(told).length === 0) return undefined;
    this.#host = host;
    return { ...(isNewHost && { host }), tables: told };
  }

  #take<T extends WatchedTableName>(
    name: T,
    reader: TableReader,
    told: { [N in WatchedTableName]?: TableChange<WatchedTables[N]> },
  ): void {
    const change = this.#published.tables[name].changeFor(reader);
    if (change) Object.assign(told, { [name]: change });
  }
}
