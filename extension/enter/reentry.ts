import * as vscode from "vscode";
import { type HostContainer, tableKeys } from "../../helper/protocol/hostTables.ts";
import type { Reports } from "../inventory/reports.ts";
import type { Entered, EnteredTerminals } from "./enteredTerminals.ts";

/** How long what has ended is waited for: a restart takes seconds, a build some minutes. */
const patienceMs = 10 * 60_000;
const mostAwaited = 8;
const who = "re-entry";

/**
 * Containers that ended under a terminal: when one is there again, its row and a question offer to go back. While none
 * is waited for, nothing is watched.
 */
export class Reentry implements vscode.Disposable {
  readonly #reports: Reports;
  readonly #awaited = new Map<string, Entered>();
  readonly #offered = new Set<string>();
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #returned = new vscode.EventEmitter<Entered>();
  readonly #subscriptions: vscode.Disposable;
  #timer: NodeJS.Timeout | undefined;

  /** Another row can be entered again, or none can. */
  readonly onDidChange = this.#changed.event;
  /** Once for each that ended. */
  readonly onDidReturn = this.#returned.event;

  constructor(reports: Reports, terminals: EnteredTerminals) {
    this.#reports = reports;
    this.#subscriptions = vscode.Disposable.from(
      terminals.onDidEnd((entered) => this.#await(entered)),
      reports.onDidChange(() => this.#look()),
    );
  }

  /** What had been entered in it, if it ended since and is another one now. */
  leftIn(container: HostContainer): Entered | undefined {
    const entered = this.#awaited.get(tableKeys.containers(container));
    return entered && isAnother(container, entered) ? entered : undefined;
  }

  /** Those that can be entered again. */
  get returned(): readonly Entered[] {
    const containers = this.#reports.last.tables?.containers;
    return [...this.#awaited.keys()].flatMap((home) => {
      const container = containers?.get(home);
      return (container && this.leftIn(container)) ?? [];
    });
  }

  /** Somebody went back, or nobody waits any more. */
  forget(home: string): void {
    if (!this.#awaited.delete(home)) return;
    this.#offered.delete(home);
    if (this.#awaited.size === 0) this.#rest();
    this.#changed.fire();
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#subscriptions.dispose();
    this.#changed.dispose();
    this.#returned.dispose();
  }

  #await(entered: Entered): void {
    const { home } = entered.target;
    if (home === undefined) return;
    this.#awaited.delete(home);
    this.#awaited.set(home, entered);
    this.#offered.delete(home);
    for (const oldest of [...this.#awaited.keys()].slice(0, -mostAwaited)) this.forget(oldest);
    if (!entered.target.isOurs) this.#watch();
    this.#changed.fire();
    this.#look();
  }

  /** Others start theirs anew behind our back; ours do so in a view, which watches by itself. */
  #watch(): void {
    this.#want(true);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#rest(), patienceMs);
  }

  /** The rows go on offering it, as long as somebody looks at them. */
  #rest(): void {
    clearTimeout(this.#timer);
    this.#want(false);
  }

  #want(wanted: boolean): void {
    this.#reports.want(who, "containers", wanted);
    this.#reports.want(who, "sandboxes", wanted);
  }

  #look(): void {
    for (const home of this.#awaited.keys()) {
      const container = this.#reports.last.tables?.containers.get(home);
      const entered = container && this.leftIn(container);
      if (!entered || this.#offered.has(home)) continue;
      this.#offered.add(home);
      this.#returned.fire(entered);
    }
  }
}

/** All that was in the one that ended began before what had been entered did, or with it. */
function isAnother({ startTimeTicks }: HostContainer, { target }: Entered): boolean {
  return startTimeTicks > (target.process.startTimeTicks ?? 0);
}
