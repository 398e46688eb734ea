import * as vscode from "vscode";
import type { Attachment } from "../../helper/protocol/methods.ts";

/** The arguments of the terminal's program, which name a socket that is used once, and what is known of it. */
type Known<T> = readonly (readonly [key: string, value: T])[];

const mostRemembered = 64;

export interface ClosedTerminal<T> {
  readonly terminal: vscode.Terminal;
  readonly value: T;
}

/** What is known of the terminals that we made, for as long as they are open: after a reload of the window, too. */
export class KnownTerminals<T> implements vscode.Disposable {
  readonly #memory: vscode.Memento;
  readonly #memoryKey: string;
  readonly #closed = new vscode.EventEmitter<ClosedTerminal<T>>();
  readonly #subscription: vscode.Disposable;

  readonly onDidClose = this.#closed.event;

  /** `memory` outlives a reload of the window, as the terminals do. */
  constructor(memory: vscode.Memento, memoryKey: string) {
    this.#memory = memory;
    this.#memoryKey = memoryKey;
    this.#subscription = vscode.window.onDidCloseTerminal((terminal) => this.#forget(terminal));
  }

  /** Before the terminal is made: VS Code itself makes the one of a profile. */
  expect(attach: Attachment | undefined, value: T): void {
    if (attach) this.#remember([...this.#known(), [attach.args.join("\0"), value]]);
  }

  /** Undefined for a terminal that is not ours. */
  of(terminal: vscode.Terminal): T | undefined {
    return this.#known().find(([key]) => key === keyOf(terminal))?.[1];
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#closed.dispose();
  }

  #forget(terminal: vscode.Terminal): void {
    const value = this.of(terminal);
    if (value === undefined) return;
    this.#remember(this.#known().filter(([key]) => key !== keyOf(terminal)));
    this.#closed.fire({ terminal, value });
  }

  #known(): Known<T> {
    return this.#memory.get<Known<T>>(this.#memoryKey, []);
  }

  /** The newest only: what a crashed window left behind is pushed out in time. */
  #remember(known: Known<T>): void {
    void this.#memory.update(this.#memoryKey, known.slice(-mostRemembered));
  }
}

/** Empty, which is nothing's key, for a terminal that is not ours. */
function keyOf({ creationOptions }: vscode.Terminal): string {
  const shellArgs = "shellArgs" in creationOptions ? creationOptions.shellArgs : undefined;
  return Array.isArray(shellArgs) ? shellArgs.join("\0") : "";
}
