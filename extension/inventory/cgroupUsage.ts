import * as vscode from "vscode";
import type { UsageSample } from "../../helper/protocol/usage.ts";
import { usageRates } from "../../helper/protocol/usageRates.ts";
import type { Helper } from "../connection/helper.ts";
import { usageWords } from "../views/usageWords.ts";

/** Rows change at most this often. */
const intervalMs = 3_000;
/** More rows than anybody looks at; the first ones have their figures. */
const mostRows = 400;
const watcher = "cgroups";

/** What the cgroups use whose rows are shown; nothing is read of the others. */
export class CgroupUsage implements vscode.Disposable {
  readonly #helper: Helper;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #subscriptions: vscode.Disposable;
  #directories: readonly string[] = [];
  #last: ReadonlyMap<string, UsageSample> = new Map();
  #words: ReadonlyMap<string, string> = new Map();

  readonly onDidChange = this.#changed.event;

  constructor(helper: Helper) {
    this.#helper = helper;
    this.#subscriptions = vscode.Disposable.from(
      helper.onUsageRound((round) => {
        if (round.watcher === watcher) this.#take(round.samples);
      }),
      helper.onDidChangeState(({ kind }) => {
        if (kind === "running" && this.#directories.length > 0) this.#watch();
      }),
    );
  }

  /** By directory; a cgroup that was not read yet has none. */
  get words(): ReadonlyMap<string, string> {
    return this.#words;
  }

  /** The whole set of rows that are shown from now on. */
  show(directories: readonly string[]): void {
    const shown = directories.slice(0, mostRows);
    if (shown.join("\n") === this.#directories.join("\n")) return;
    this.#directories = shown;
    if (this.#helper.state.kind === "running") this.#watch();
  }

  dispose(): void {
    this.#subscriptions.dispose();
    this.#changed.dispose();
  }

  #watch(): void {
    this.#helper
      .request("usage/watch", { watcher, targets: [...this.#directories], intervalMs })
      .catch(() => undefined);
  }

  #take(samples: readonly UsageSample[]): void {
    this.#words = new Map(
      samples.map((sample) => {
        const before = this.#last.get(sample.target);
        return [sample.target, usageWords(sample, before && usageRates(before, sample))];
      }),
    );
    this.#last = new Map(samples.map((sample) => [sample.target, sample]));
    this.#changed.fire();
  }
}
