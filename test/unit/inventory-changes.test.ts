import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { Published, type Subscriber } from "../../helper/inventory/watch/published.ts";
import type { HostContainer } from "../../helper/protocol/hostTables.ts";
import {
  generationsOf,
  type HeldInventory,
  heldOnly,
  type InventoryChange,
  nothingHeld,
  takeChange,
  type WatchedHost,
  type WatchedTableName,
  watchedTableKeys,
} from "../../helper/protocol/inventoryChanges.ts";
import {
  type InventoryPart,
  inWhole,
  partsOf,
  rowsOfPart,
} from "../../helper/protocol/inventoryParts.ts";
import { applied, differences, isSameRow, tableOf } from "../../helper/protocol/tableChanges.ts";

interface Thing {
  readonly id: number;
  readonly names: readonly string[];
  readonly parent?: { readonly id: number } | undefined;
}

/** Few ids and few values, so that rows come, change, go and come again. */
const thing: fc.Arbitrary<Thing> = fc.record(
  {
    id: fc.integer({ min: 0, max: 12 }),
    names: fc.array(fc.constantFrom("a", "b"), { maxLength: 2 }),
    parent: fc.option(
      fc.record({ id: fc.integer({ min: 0, max: 2 }) }, { noNullPrototype: true }),
      { nil: undefined, freq: 2 },
    ),
  },
  { requiredKeys: ["id", "names"], noNullPrototype: true },
);
const things = fc.uniqueArray(thing, { selector: ({ id }) => id, maxLength: 12 });
const keyOf = ({ id }: Thing) => `${id}`;

/** As it arrives: keys that are undefined are absent. */
function sent<T>(value: T): T {
  return JSON.parse(JSON.stringify(value));
}

describe("a table", () => {
  test("is what it became when its differences are applied to what it was", () => {
    fc.assert(
      fc.property(things, things, (before, after) => {
        const [from, to] = [tableOf(before, keyOf), tableOf(after, keyOf)];
        const change = { since: 3, generation: 4, ...differences(from, to, isSameRow) };
        const next = applied({ rows: from, generation: 3 }, sent(change), keyOf);
        assert.equal(next?.generation, 4);
        assert.deepEqual(sent([...(next?.rows ?? [])]).sort(), sent([...to]).sort());
      }),
    );
  });

  test("has no differences from one that says the same", () => {
    fc.assert(
      fc.property(things, (rows) => {
        const table = tableOf(rows, keyOf);
        const again = tableOf(sent(rows), keyOf);
        assert.deepEqual(differences(table, again, isSameRow), { put: [], gone: [] });
      }),
    );
  });

  test("does not take a change that follows on another one", () => {
    const change = { since: 5, generation: 6, put: [], gone: [] };
    assert.equal(applied({ rows: new Map(), generation: 4 }, change, keyOf), undefined);
    assert.ok(applied({ rows: new Map(), generation: 4 }, { ...change, since: 0 }, keyOf));
  });
});

describe("rows that say the same", () => {
  const value = fc.jsonValue({ maxDepth: 3 });

  test("are those that JSON makes the same text of", () => {
    fc.assert(
      fc.property(value, value, (a, b) => {
        assert.equal(isSameRow(a, sent(a)), true);
        assert.equal(isSameRow(a, b), isSameRow(b, a));
        assert.equal(isSameRow({ a }, { a: b }), isEqual(a, b));
      }),
    );
  });
});

function isEqual(a: unknown, b: unknown): boolean {
  try {
    assert.deepEqual(a, b);
    return true;
  } catch {
    return false;
  }
}

const host: WatchedHost = {
  cgroupMode: "v2",
  hierarchies: [],
  taskSource: "proc",
  processEvents: false,
  deniedProcesses: 0,
  descriptorsLeftOut: 0,
  mountTablesCut: 0,
  cgroupTreesCut: 0,
};

function container(id: number, name: string): HostContainer {
  return {
    ...{ engine: "runc", id: `${id}`, name, state: "running", pid: id, startTimeTicks: 1 },
    ...{ startedAtMs: 0, cgroups: {}, ownNamespaces: [], evidence: [] },
  } as const;
}

describe("a long change", () => {
  test("comes in parts of few rows, and is the same when all have come", () => {
    fc.assert(
      fc.property(fc.nat(2_000), fc.boolean(), (count, isFirst) => {
        const change = { ...(isFirst && { host }), tables: longTables(count) };
        const heard: InventoryChange[] = [];
        const take = inWhole((whole) => heard.push(whole));
        const parts = [...partsOf(change)];
        for (const part of parts) take(sent(part));
        assert.deepEqual(heard, [sent(change)]);
        for (const { tables } of parts) {
          const rows = Object.values(tables).flatMap((table): readonly unknown[] => table.put);
          assert.ok(rows.length <= rowsOfPart);
        }
        assert.deepEqual(
          parts.map(({ isPart }) => isPart ?? false).lastIndexOf(true),
          parts.length - 2,
        );
      }),
      { numRuns: 20 },
    );
  });
});

test("parts lose no row where another change comes between them", () => {
  const parts = [...partsOf({ host, tables: longTables(1_500) })].map(sent);
  const sandboxes = { sandboxes: { since: 0, generation: 9, put: [], gone: [] } };
  let held = nothingHeld;
  const take = inWhole((change) => {
    const taken = takeChange(held, change);
    assert.deepEqual(taken.missed, []);
    held = taken.held;
  });
  const whole = parts.map((part) => ({ ...part, tables: fromNothing(part.tables) }));
  for (const part of whole) {
    take(part);
    take({ tables: sandboxes });
  }
  assert.equal(held.tables.containers?.rows.size, 1_500);
});

/** The first change of a table is the whole. */
function fromNothing(tables: InventoryChange["tables"]): InventoryChange["tables"] {
  const { containers, namespaces } = tables;
  const since = containers?.since === 3 ? 0 : containers?.since;
  return {
    ...(containers && since !== undefined && { containers: { ...containers, since } }),
    ...(namespaces && { namespaces: { ...namespaces, since: 0 } }),
  };
}

function longTables(count: number): InventoryChange["tables"] {
  const put = Array.from({ length: count }, (_, id) => container(id, "a"));
  const generations = { since: 3, generation: 4 };
  return {
    containers: { ...generations, put, gone: ["x"] },
    namespaces: { ...generations, put: [], gone: ["y", "z"] },
  };
}

/** A client whose connection takes one message, and the next when it is told that it may. */
class Client {
  held: HeldInventory = nothingHeld;
  messages = 0;
  readonly #subscriber: Subscriber;
  readonly #take = inWhole((change) => this.#apply(change));
  #wanted = new Set<WatchedTableName>();
  #release: (() => void) | undefined;
  #isSlow = false;

  constructor(published: Published) {
    this.#subscriber = published.subscribe((change) => this.#receive(change));
  }

  watch(...names: readonly WatchedTableName[]): void {
    this.#wanted = new Set(names);
    this.held = heldOnly(this.held, this.#wanted);
    this.#subscriber.set(generationsOf(this.held, names));
  }

  stall(): void {
    this.#isSlow = true;
  }

  async goOn(): Promise<void> {
    this.#isSlow = false;
    this.#release?.();
    // What waited is written, and what changed meanwhile after it.
    for (let turn = 0; turn < 4; turn += 1) await undefined;
  }

  rows(): unknown {
    return this.held.tables.containers && [...this.held.tables.containers.rows.values()];
  }

  #apply(change: InventoryChange): void {
    const { held, missed } = takeChange(this.held, change);
    this.held = heldOnly(held, this.#wanted);
    assert.deepEqual(missed, []);
  }

  async #receive(part: InventoryPart): Promise<void> {
    this.messages += 1;
    this.#take(sent(part));
    if (!this.#isSlow) return;
    await new Promise<void>((resolve) => {
      this.#release = resolve;
    });
  }
}

describe("whoever watches", () => {
  const rows = fc
    .uniqueArray(fc.tuple(fc.nat(8), fc.constantFrom("a", "b")), { selector: ([id]) => id })
    .map((list) => list.map(([id, name]) => container(id, name)));
  const step = fc.oneof(
    fc.record({ kind: fc.constant("publish" as const), rows }),
    fc.record({ kind: fc.constantFrom("stall", "goOn", "leave", "watch", "again") }),
  );

  test("has in the end what was published last, however slow it is and whatever it does", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), rows, async (steps, last) => {
        const published = new Published();
        const [fast, slow] = [new Client(published), new Client(published)];
        const both = [fast, slow];
        for (const client of both) client.watch("containers");
        for (const one of steps) {
          if ("rows" in one) published.publish({ containers: one.rows }, host);
          else if (one.kind === "stall") slow.stall();
          else if (one.kind === "goOn") await slow.goOn();
          else if (one.kind === "leave") slow.watch();
          else if (one.kind === "watch") slow.watch("containers");
          else slow.held = nothingHeld;
          if (one.kind === "again") slow.watch("containers");
        }
        slow.watch("containers");
        published.publish({ containers: last }, host);
        for (const client of both) await client.goOn();
        const expected = new Map(last.map((row) => [watchedTableKeys.containers(row), sent(row)]));
        for (const client of both) {
          assert.deepEqual(new Map(client.held.tables.containers?.rows), expected);
          assert.deepEqual(client.held.host, host);
        }
      }),
    );
  });

  test("and does not read gets one change for all that happened meanwhile", async () => {
    const published = new Published();
    const client = new Client(published);
    client.watch("containers");
    client.stall();
    for (let round = 0; round < 1_000; round += 1) {
      published.publish({ containers: [container(1, `${round}`)] }, host);
    }
    assert.equal(client.messages, 1);
    await client.goOn();
    assert.equal(client.messages, 2);
    assert.deepEqual(client.rows(), [sent(container(1, "999"))]);
  });

  test("is not told of what it does not watch, or of what it has", async () => {
    const published = new Published();
    const [one, other] = [new Client(published), new Client(published)];
    one.watch("containers");
    other.watch("cgroups");
    published.publish({ containers: [container(1, "a")] }, host);
    published.publish({ containers: [container(1, "a")] }, host);
    await other.goOn();
    assert.equal(one.messages, 1);
    assert.equal(other.held.tables.containers, undefined);
  });
});
