import type * as vscode from "vscode";
import type { PanelSnapshot } from "../../helper/protocol/panel.ts";
import type { Helper } from "../connection/helper.ts";

type Usage = Pick<PanelSnapshot, "history" | "sample">;

/** As often as the graphs move. */
const intervalMs = 500;

let watchers = 0;

/**
 * What one panel watches, from when it can be seen until it is hidden. The editor takes longer to make a page than the
 * helper to answer: what comes before the page is there, is kept for it.
 */
export class UsageWatch implements vscode.Disposable {
  readonly #helper: Helper;
  readonly #target: string;
  readonly #tell: (usage: Usage) => void;
  readonly #subscription: vscode.Disposable;
  readonly #watcher: string;
  #watching = false;
  #hasPage = false;
  #early: Usage = {};

  constructor(helper: Helper, target: string, tell: (usage: Usage) => void) {
    watchers += 1;
    this.#watcher = `panel ${watchers}`;
    this.#helper = helper;
    this.#target = target;
    this.#tell = tell;
    this.#subscription = helper.onUsageRound(({ watcher, samples: [sample] }) => {
      if (this.#watching && watcher === this.#watcher && sample) this.#take({ sample });
    });
  }

  begin(): void {
    this.#watching = true;
    this.#watch([this.#target]);
    this.recall();
  }

  /** The page is there, and knows nothing; it may also be another in place of one that was moved. */
  meet(): void {
    this.#hasPage = true;
    if (this.#early.history) this.#tell(this.#early);
    else this.recall();
    this.#early = {};
  }

  /** Tells what was seen before: the page has forgotten it, or was not looked at. */
  recall(): void {
    this.#helper.request("usage/history", { target: this.#target }).then(
      (history) => this.#take({ history }),
      () => undefined,
    );
  }

  /** The page is no longer there. */
  part(): void {
    this.#hasPage = false;
    this.#early = {};
    this.end();
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

  #take(usage: Usage): void {
    if (this.#hasPage) this.#tell(usage);
    else this.#early = { ...this.#early, ...usage };
  }

  /** What is not there, the panel's own reading says. */
  #watch(targets: readonly string[]): void {
    const watcher = this.#watcher;
    this.#helper
      .request("usage/watch", { watcher, targets: [...targets], intervalMs })
      .catch(() => undefined);
  }
}
