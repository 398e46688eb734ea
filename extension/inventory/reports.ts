import * as vscode from "vscode";
import { type HostReport, tableKeys, tableNames } from "../../helper/protocol/hostTables.ts";
import type { SandboxSummary } from "../../helper/protocol/inventory.ts";
import type { Notifications, Topic } from "../../helper/protocol/methods.ts";
import { tableOf } from "../../helper/protocol/tableChanges.ts";
import type { Helper } from "../connection/helper.ts";
import type { Tables } from "../views/tables.ts";

/** The last whole report of each topic; absent until the helper sent one. */
export interface LastReports {
  sandboxes?: readonly SandboxSummary[];
  tables?: Tables;
}

/** Follows exactly the topics that somebody looks at; with nobody looking the helper does no work. */
export class Reports implements vscode.Disposable {
  readonly #helper: Helper;
  readonly #log: vscode.LogOutputChannel;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #subscriptions: vscode.Disposable;
  /** Who wants each topic. */
  readonly #wanted = new Map<Topic, ReadonlySet<string>>();
  #last: LastReports = {};

  readonly onDidChange = this.#changed.event;

  constructor(helper: Helper, log: vscode.LogOutputChannel) {
    this.#helper = helper;
    this.#log = log;
    this.#subscriptions = vscode.Disposable.from(
      helper.onInventoryChange((change) => this.#take(change)),
      helper.onDidChangeState(({ kind }) => {
        if (kind === "running" && this.#wanted.size > 0) this.#watch();
        if (kind === "failed") this.#forget();
      }),
    );
  }

  get last(): Readonly<LastReports> {
    return this.#last;
  }

  /** A view became visible (wanted) or hidden. */
  want(who: string, topic: Topic, wanted: boolean): void {
    const others = [...(this.#wanted.get(topic) ?? [])].filter((other) => other !== who);
    const all = new Set(wanted ? [...others, who] : others);
    const isChange = all.size > 0 !== this.#wanted.has(topic);
    if (all.size > 0) this.#wanted.set(topic, all);
    else this.#wanted.delete(topic);
    if (!isChange) return;
    if (this.#helper.state.kind === "running") this.#watch();
    else if (wanted) this.#helper.wake();
  }

  /** Reads every topic that is looked at once more. Rejects with a TerrariumError. */
  async refresh(): Promise<void> {
    await Promise.all([this.refreshSandboxes(), this.tables()]);
  }

  /** Reads the sandboxes once, for those who need them while no view is open. */
  async refreshSandboxes(): Promise<readonly SandboxSummary[]> {
    const report = await this.#helper.request("sandbox/list", { all: true });
    this.#take({ topic: "sandboxes", report });
    return report;
  }

  /** The whole inventory, read now. */
  async tables(): Promise<Tables> {
    const report = await this.#helper.request("inventory/read", { tables: [...tableNames] });
    const tables = tablesOf(report);
    this.#last = { ...this.#last, tables };
    this.#changed.fire();
    return tables;
  }

  dispose(): void {
    this.#subscriptions.dispose();
    this.#changed.dispose();
  }

  #watch(): void {
    this.#helper
      .request("inventory/watch", { topics: [...this.#wanted.keys()] })
      .catch((error: Error) => {
        this.#log.error(`The helper refused to watch: ${error.message}`);
      });
  }

  #take(change: Notifications["inventory/didChange"]): void {
    if (change.topic !== "sandboxes") {
      this.tables().catch(() => undefined);
      return;
    }
    this.#last = { ...this.#last, sandboxes: change.report };
    this.#changed.fire();
  }

  /** What a dead helper said is no longer known to be true. */
  #forget(): void {
    this.#last = {};
    this.#changed.fire();
  }
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
