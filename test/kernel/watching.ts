import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import type { TestContext } from "node:test";
import { followKernel } from "../../helper/inventory/watch/kernelChanges.ts";
import type { HostTables, TableName } from "../../helper/protocol/hostTables.ts";
import {
  generationsOf,
  type HeldInventory,
  heldOnly,
  type InventoryChange,
  nothingHeld,
  takeChange,
  type WatchedTableName,
} from "../../helper/protocol/inventoryChanges.ts";
import { inWhole } from "../../helper/protocol/inventoryParts.ts";
import type { Table } from "../../helper/protocol/tableChanges.ts";

/** What a client that watches has been told, and what the tests want to know of it. */
export class Held {
  inventory: HeldInventory = nothingHeld;
  readonly changes: InventoryChange[] = [];
  readonly #ask: (tables: ReturnType<typeof generationsOf>) => unknown;
  #wanted = new Set<WatchedTableName>();

  /** `ask`: "inventory/watch". */
  constructor(ask: (tables: ReturnType<typeof generationsOf>) => unknown) {
    this.#ask = ask;
  }

  async watch(...tables: readonly WatchedTableName[]): Promise<void> {
    this.#wanted = new Set(tables);
    this.inventory = heldOnly(this.inventory, this.#wanted);
    await this.#ask(generationsOf(this.inventory, tables));
  }

  /** As the extension does: who has missed something asks for the whole. */
  readonly take = inWhole((change) => this.#take(change));

  #take(change: InventoryChange): void {
    this.changes.push(change);
    const { held, missed } = takeChange(this.inventory, JSON.parse(JSON.stringify(change)));
    this.inventory = heldOnly(held, this.#wanted);
    if (missed.some((name) => this.#wanted.has(name))) void this.watch(...this.#wanted);
  }

  rows<T extends TableName>(name: T): Table<HostTables[T]> {
    const { processes, namespaces, cgroups, containers } = this.inventory.tables;
    const all: { readonly [N in TableName]: Table<HostTables[N]> | undefined } = {
      ...{ processes: processes?.rows, namespaces: namespaces?.rows },
      ...{ cgroups: cgroups?.rows, containers: containers?.rows },
    };
    return all[name] ?? new Map();
  }

  process(pid: number) {
    return [...this.rows("processes").values()].find((process) => process.pid === pid);
  }
}

/** Whether the kernel tells this process of processes: it tells who is in its first namespaces. */
export async function tellsOfProcesses(t: Pick<TestContext, "after">): Promise<boolean> {
  return new Promise((resolve) => {
    const following = followKernel({
      onProcesses: () => undefined,
      onMounts: () => undefined,
      onAnyProcess: () => resolve(true),
      onSilence: () => resolve(false),
    });
    t.after(() => following.dispose());
  });
}

/** Programs that this process has started and that run. */
export function childPrograms(): readonly string[] {
  return readdirSync("/proc/self/task")
    .flatMap((tid) => readFileSync(`/proc/self/task/${tid}/children`, "utf8").split(" "))
    .filter((pid) => pid !== "")
    .map((pid) => linkOf(`/proc/${pid}/exe`));
}

export function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}
