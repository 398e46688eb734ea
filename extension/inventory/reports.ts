import * as vscode from "vscode";
import { type HostReport, tableKeys, tableNames } from "../../helper/protocol/hostTables.ts";
import type { SandboxSummary } from "../../helper/protocol/inventory.ts";
import {
  generationsOf,
  type HeldInventory,
  heldOnly,
  type InventoryChange,
  nothingHeld,
  takeChange,
  type WatchedTableName,
} from "../../helper/protocol/inventoryChanges.ts";
import { tableOf } from "../../helper/protocol/tableChanges.ts";
import type { Helper } from "../connection/helper.ts";
import type { Tables } from "../views/tables.ts";

/** What the helper told last; absent until it has. */
export interface LastReports {
  sandboxes?: readonly SandboxSummary[];
  /** Those that nobody looks at are empty. */
  tables?: Tables;
}

/** Follows exactly the tables that somebody looks at; with nobody looking the helper does no work. */
export class Reports implements vscode.Disposable {
  readonly #helper: Helper;
  readonly #log: vscode.LogOutputChannel;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #subscriptions: vscode.Disposable;
  /** Who wants each table. */
  readonly #wanted = new Map<WatchedTableName, ReadonlySet<string>>();
  #held: HeldInventory = nothingHeld;
  #last: LastReports = {};

  readonly onDidChange = this.#changed.event;

  constructor(helper: Helper, log: vscode.LogOutputChannel) {
    this.#helper = helper;
    this.#log = log;
    this.#subscriptions = vscode.Disposable.from(
      helper.onInventoryChange((change) => this.#take(change)),
      helper.onDidChangeState(({ kind }) => {
        if (kind === "running") this.#begin();
        if (kind === "failed") this.#forget();
      }),
    );
  }

  get last(): Readonly<LastReports> {
    return this.#last;
  }

  /** Whether the helper has told of all of these, and still does. */
  holds(tables: readonly WatchedTableName[]): boolean {
    return tables.every((name) => this.#held.tables[name] !== undefined);
  }

  /** A view became visible (wanted) or hidden. */
  want(who: string, table: WatchedTableName, wanted: boolean): void {
    const others = [...(this.#wanted.get(table) ?? [])].filter((other) => other !== who);
    const all = new Set(wanted ? [...others, who] : others);
    const isChange = all.size > 0 !== this.#wanted.has(table);
    if (all.size > 0) this.#wanted.set(table, all);
    else this.#wanted.delete(table);
    if (!isChange) return;
    this.#held = heldOnly(this.#held, this.#wanted);
    if (this.#helper.state.kind === "running") this.#watch();
    else if (wanted) this.#helper.wake();
  }

  /** Has the helper look at everything once more, and tell the whole of it. Rejects with a TerrariumError. */
  async refresh(): Promise<void> {
    this.#held = nothingHeld;
    await Promise.all([this.refreshSandboxes(), this.#ask()]);
  }

  /** Reads the sandboxes once, for those who need them while no view is open. */
  async refreshSandboxes(): Promise<readonly SandboxSummary[]> {
    const sandboxes = await this.#helper.request("sandbox/list", { all: true });
    this.#last = { ...this.#last, sandboxes };
    this.#changed.fire();
    return sandboxes;
  }

  /** The whole inventory, read now. */
  async tables(): Promise<Tables> {
    return tablesOf(await this.#helper.request("inventory/read", { tables: [...tableNames] }));
  }

  dispose(): void {
    this.#subscriptions.dispose();
    this.#changed.dispose();
  }

  /** Another helper counts its generations anew: of what the one before told, nothing leads to what this one tells. */
  #begin(): void {
    this.#held = nothingHeld;
    if (this.#wanted.size > 0) this.#watch();
  }

  #watch(): void {
    this.#ask().catch((error: Error) => {
      this.#log.error(`The helper refused to watch: ${error.message}`);
    });
  }

  async #ask(): Promise<void> {
    const tables = generationsOf(this.#held, this.#wanted.keys());
    await this.#helper.request("inventory/watch", { tables });
  }

  #take(change: InventoryChange): void {
    const { held, missed } = takeChange(this.#held, change);
    this.#held = heldOnly(held, this.#wanted);
    if (missed.some((name) => this.#wanted.has(name))) this.#watch();
    const tables = heldTables(this.#held);
    const sandboxes = this.#held.tables.sandboxes?.rows.values();
    this.#last = {
      ...this.#last,
      ...(tables && { tables }),
      ...(sandboxes && { sandboxes: [...sandboxes] }),
    };
    this.#changed.fire();
  }

  /** What a dead helper said is no longer known to be true. */
  #forget(): void {
    this.#held = nothingHeld;
    this.#last = {};
    this.#changed.fire();
  }
}

function heldTables({ host, tables }: HeldInventory): Tables | undefined {
  const { processes, namespaces, cgroups, containers } = tables;
  return (
    host && {
      host,
      processes: processes?.rows ?? new Map(),
      namespaces: namespaces?.rows ?? new Map(),
      cgroups: cgroups?.rows ?? new Map(),
      containers: containers?.rows ?? new Map(),
    }
  );
}

function tablesOf({ host, processes, namespaces, cgroups, containers }: HostReport): Tables {
  return {
    host,
    processes: tableOf(processes ?? [], tableKeys.processes),
    namespaces: tableOf(namespaces ?? [], tableKeys.namespaces),
    cgroups: tableOf(cgroups ?? [], tableKeys.cgroups),
    containers: tableOf(containers ?? [], tableKeys.containers),
  };
}
