import * as vscode from "vscode";
import {
  describeHappening,
  type EventKind,
  eventFacts,
  type TimelineEvent,
} from "../../helper/protocol/events.ts";

/** What a row and a tab say of it until somebody has looked. */
export interface Alert {
  readonly kind: EventKind;
  readonly weight: "error" | "warning";
  /** The newest of them, in one sentence. */
  readonly words: string;
  readonly atMs: number;
  /** Nobody has looked yet. */
  readonly isNew: boolean;
}

/** The last out-of-memory or met limit of each sandbox, by its id, and of cgroups, by their path. */
export class Alerts implements vscode.Disposable {
  readonly #alerts = new Map<string, Alert>();
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #subscription: vscode.Disposable;

  readonly onDidChange = this.#changed.event;

  constructor(onEvent: vscode.Event<TimelineEvent>) {
    this.#subscription = onEvent((event) => this.#take(event));
  }

  get(id: string): Alert | undefined {
    return this.#alerts.get(id);
  }

  get isAnyNew(): boolean {
    return this.unseen.length > 0;
  }

  /** Those that nobody has looked at. */
  get unseen(): readonly Alert[] {
    return [...this.#alerts.values()].filter(({ isNew }) => isNew);
  }

  /** Somebody has: the words stay, the mark goes. Without an id, of all of them. */
  look(id?: string): void {
    const looked = [...this.#alerts].filter(([key, { isNew }]) => isNew && (id ?? key) === key);
    for (const [key, alert] of looked) this.#alerts.set(key, { ...alert, isNew: false });
    if (looked.length > 0) this.#changed.fire();
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#changed.dispose();
  }

  #take(event: TimelineEvent): void {
    const known = this.#alerts.get(event.target);
    if (isOver(event)) this.#end(event.target, known);
    else if (isAlert(event)) this.#raise(event, known);
  }

  /** An out-of-memory that nobody has seen is not hidden by a limit that was met since. */
  #raise(event: TimelineEvent, known: Alert | undefined): void {
    const { weight } = eventFacts[event.kind];
    if (weight === "info" || (known?.isNew && known.weight === "error" && weight !== "error"))
      return;
    const { kind, atMs } = event;
    const words = describeHappening(event);
    this.#alerts.set(event.target, { kind, weight, words, atMs, isNew: true });
    this.#changed.fire();
  }

  /** What is over by itself needs nobody to look. */
  #end(id: string, known: Alert | undefined): void {
    if (known?.kind === "throttled") this.look(id);
  }
}

function isAlert({ kind }: TimelineEvent): boolean {
  return eventFacts[kind].weight !== "info";
}

function isOver(event: TimelineEvent): boolean {
  return event.kind === "exited" || (event.kind === "throttled" && event.phase === "ended");
}
