import type * as vscode from "vscode";
import type { PanelSnapshot } from "../../helper/protocol/panel.ts";
import type { Helper } from "../connection/helper.ts";

type Usage = Pick<PanelSnapshot, "history" | "sample">;

const intervalMs = 1_000;

let watchers = 0;

/** What one panel watches, from when its page is there until it is hidden. */
export class UsageWatch implements vscode.Disposable {
  readonly #helper: Helper;
  readonly #target: string;
  readonly #tell: (usage: Usage) => void;
  readonly #subscription: vscode.Disposable;
  readonly #watcher: string;
  #watching = false;

  constructor(helper: Helper, target: string, tell: (usage: Usage) => void) {
    watchers += 1;
    this.#watcher = `panel ${watchers}`;
    this.#helper = helper;
    this.#target = target;
    this.#tell = tell;
    this.#subscription = helper.onUsageRound(({ watcher, samples: [sample] }) => {
      if (this.#watching && watcher === this.#watcher && sample) tell({ sample });
    });
  }

  begin(): void {
    this.#watching = true;
    this.#watch([this.#target]);
    this.recall();
  }

  /** Tells what was seen before: the page has forgotten it, or was not looked at. */
  recall(): void {
    this.#helper.request("usage/history", { target: this.#target }).then(
      (history) => this.#tell({ history }),
      () => undefined,
    );
  }

  /** Starts no helper to tell it that nobody looks. */
  end(): void {
    if (!this.#watching) return;
    this.#watching = false;
    if (this.#helper.state.kind === "running") this.#watch([]);
  }

  dispose(): void {
    this.end();
    this.#subscription.dispose();
  }

  /** What is not there, the panel's own reading says. */
  #watch(targets: readonly string[]): void {
    const watcher = this.#watcher;
    this.#helper
      .request("usage/watch", { watcher, targets: [...targets], intervalMs })
      .catch(() => undefined);
  }
}
