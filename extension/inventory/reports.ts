import * as vscode from "vscode";
import type {
  CgroupReport,
  NamespaceReport,
  SandboxSummary,
} from "../../helper/protocol/inventory.ts";
import type { Notifications, Topic } from "../../helper/protocol/methods.ts";
import type { Helper } from "../connection/helper.ts";

/** The last whole report of each topic; absent until the helper sent one. */
export interface LastReports {
  sandboxes?: readonly SandboxSummary[];
  namespaces?: NamespaceReport;
  cgroups?: CgroupReport;
}

/** Follows exactly the topics that somebody looks at; with nobody looking the helper does no work. */
export class Reports implements vscode.Disposable {
  readonly #helper: Helper;
  readonly #log: vscode.LogOutputChannel;
  readonly #changed = new vscode.EventEmitter<Topic>();
  readonly #subscriptions: vscode.Disposable;
  readonly #wanted = new Set<Topic>();
  readonly #last: LastReports = {};

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
  want(topic: Topic, wanted: boolean): void {
    if (this.#wanted.has(topic) === wanted) return;
    if (wanted) this.#wanted.add(topic);
    else this.#wanted.delete(topic);
    if (this.#helper.state.kind === "running") this.#watch();
    else if (wanted) this.#helper.wake();
  }

  /** Reads every topic that is looked at once more. Rejects with a TerrariumError. */
  async refresh(): Promise<void> {
    await Promise.all([...this.#wanted].map((topic) => this.#read(topic)));
  }

  /** Reads the sandboxes once, for those who need them while no view is open. */
  async refreshSandboxes(): Promise<readonly SandboxSummary[]> {
    const report = await this.#helper.request("sandbox/list", { all: true });
    this.#take({ topic: "sandboxes", report });
    return report;
  }

  /** The namespaces as last reported; read now where nobody looks at them. */
  async namespaces(): Promise<NamespaceReport> {
    if (!this.#wanted.has("namespaces") || !this.#last.namespaces) await this.#read("namespaces");
    return this.#last.namespaces ?? { namespaces: [], deniedProcesses: 0 };
  }

  dispose(): void {
    this.#subscriptions.dispose();
    this.#changed.dispose();
  }

  async #read(topic: Topic): Promise<void> {
    switch (topic) {
      case "sandboxes":
        await this.refreshSandboxes();
        return;
      case "namespaces":
        this.#take({ topic, report: await this.#helper.request("inventory/namespaces", {}) });
        return;
      case "cgroups":
        this.#take({ topic, report: await this.#helper.request("inventory/cgroups", {}) });
        return;
    }
  }

  #watch(): void {
    this.#helper.request("inventory/watch", { topics: [...this.#wanted] }).catch((error: Error) => {
      this.#log.error(`The helper refused to watch: ${error.message}`);
    });
  }

  #take(change: Notifications["inventory/didChange"]): void {
    if (change.topic === "sandboxes") this.#last.sandboxes = change.report;
    else if (change.topic === "namespaces") this.#last.namespaces = change.report;
    else this.#last.cgroups = change.report;
    this.#changed.fire(change.topic);
  }

  /** What a dead helper said is no longer known to be true. */
  #forget(): void {
    for (const topic of ["sandboxes", "namespaces", "cgroups"] as const) {
      delete this.#last[topic];
      this.#changed.fire(topic);
    }
  }
}
