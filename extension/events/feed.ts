import * as vscode from "vscode";
import type { TimelineEvent } from "../../helper/protocol/events.ts";
import type { ParameterInput } from "../../helper/protocol/methods.ts";
import type { Helper } from "../connection/helper.ts";

type Selection = ParameterInput<"events/watch">;

/** Hears of events for exactly those who want to; with nobody wanting the helper does no work. */
export class EventFeed implements vscode.Disposable {
  readonly #helper: Helper;
  readonly #log: vscode.LogOutputChannel;
  readonly #happened = new vscode.EventEmitter<TimelineEvent>();
  readonly #subscriptions: vscode.Disposable;
  readonly #wanted = new Map<string, Selection>();

  readonly onDidHappen = this.#happened.event;

  constructor(helper: Helper, log: vscode.LogOutputChannel) {
    this.#helper = helper;
    this.#log = log;
    this.#subscriptions = vscode.Disposable.from(
      helper.onEvent((event) => this.#happened.fire(event)),
      helper.onDidChangeState(({ kind }) => {
        if (kind === "running" && this.#wanted.size > 0) this.#watch();
      }),
    );
  }

  /** What one part of the editor wants to hear of from now on; undefined: nothing. Starts no helper. */
  want(who: string, selection: Selection | undefined): void {
    if (isSame(this.#wanted.get(who), selection)) return;
    if (selection) this.#wanted.set(who, selection);
    else this.#wanted.delete(who);
    if (this.#helper.state.kind === "running") this.#watch();
  }

  dispose(): void {
    this.#subscriptions.dispose();
    this.#happened.dispose();
  }

  #watch(): void {
    const wanted = [...this.#wanted.values()];
    const selection = {
      sandboxes: wanted.some(({ sandboxes }) => sandboxes),
      targets: wanted.flatMap(({ targets = [] }) => targets),
    };
    this.#helper.request("events/watch", selection).then(
      ({ gone }) => gone.length > 0 && this.#log.debug(`No events of ${gone.join(", ")}: gone.`),
      (error: Error) => this.#log.debug(`No events: ${error.message}`),
    );
  }
}

/** Rows are drawn often, and mostly the same ones: a watch that begins anew looks at everything anew. */
function isSame(a: Selection | undefined, b: Selection | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
