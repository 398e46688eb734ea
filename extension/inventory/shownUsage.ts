import * as vscode from "vscode";
import type { UsageSample } from "../../helper/protocol/usage.ts";
import { type UsageRates, usageRates } from "../../helper/protocol/usageRates.ts";
import type { Helper } from "../connection/helper.ts";
import type { Usage } from "../views/usageWords.ts";

/** Rows change at most this often. */
const intervalMs = 3_000;
/** More rows than anybody looks at; the first ones have their figures. */
const mostRows = 400;

/** What the cgroups use whose rows a view shows; nothing is read of the others. */
export class ShownUsage implements vscode.Disposable {
  readonly #helper: Helper;
  readonly #watcher: string;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #subscriptions: vscode.Disposable;
  #targets: readonly string[] = [];
  #last: ReadonlyMap<string, UsageSample> = new Map();
  #usage: Usage = new Map();

  readonly onDidChange = this.#changed.event;

  /** `watcher` names the view to the helper. */
  constructor(helper: Helper, watcher: string) {
    this.#helper = helper;
    this.#watcher = watcher;
    this.#subscriptions = vscode.Disposable.from(
      helper.onUsageRound((round) => {
        if (round.watcher === watcher) this.#take(round.samples);
      }),
      helper.onDidChangeState(({ kind }) => {
        if (kind === "running" && this.#targets.length > 0) this.#watch();
      }),
    );
  }

  /** By target; a cgroup that was not read yet has none. */
  get usage(): Usage {
    return this.#usage;
  }

  /** The whole set of rows that are shown from now on. */
  show(targets: readonly string[]): void {
    const shown = targets.slice(0, mostRows);
    if (shown.join("\n") === this.#targets.join("\n")) return;
    this.#targets = shown;
    if (this.#helper.state.kind === "running") this.#watch();
  }

  dispose(): void {
    this.#subscriptions.dispose();
    this.#changed.dispose();
  }

  #watch(): void {
    const targets = [...this.#targets];
    this.#helper
      .request("usage/watch", { watcher: this.#watcher, targets, intervalMs })
      .catch(() => undefined);
  }

  #take(samples: readonly UsageSample[]): void {
    this.#usage = new Map(
      samples.map((sample) => [sample.target, { sample, rates: this.#ratesOf(sample) }]),
    );
    this.#last = new Map(samples.map((sample) => [sample.target, sample]));
    this.#changed.fire();
  }

  #ratesOf(sample: UsageSample): UsageRates | undefined {
    const before = this.#last.get(sample.target);
    return before && usageRates(before, sample);
  }
}
