import * as vscode from "vscode";
import type { Attachment } from "../../helper/protocol/methods.ts";

/** The arguments of the terminal's program, which name a socket that is used once, and the sandbox's id. */
type KnownTerminal = readonly [key: string, sandboxId: string];

const memoryKey = "sandboxTerminals";
const mostRemembered = 64;

/**
 * Which terminals of this window are in which sandbox. Ending a sandbox closes its tabs first: a shell
 * that is killed under an open tab makes VS Code report the exit code of `launcher attach` as an error.
 */
export class SandboxTerminals implements vscode.Disposable {
  readonly #memory: vscode.Memento;
  readonly #subscription: vscode.Disposable;

  /** `memory` outlives a reload of the window, as the terminals do. */
  constructor(memory: vscode.Memento) {
    this.#memory = memory;
    this.#subscription = vscode.window.onDidCloseTerminal((terminal) => {
      this.#remember(this.#known().filter(([key]) => key !== keyOf(terminal)));
    });
  }

  /** Before the terminal is made: VS Code itself makes the one of a profile. */
  expect(sandboxId: string, attach: Attachment | undefined): void {
    if (attach) this.#remember([...this.#known(), [attach.args.join("\0"), sandboxId]]);
  }

  /** The id of the sandbox that it is in; undefined for a terminal that is not ours. */
  sandboxOf(terminal: vscode.Terminal): string | undefined {
    return this.#known().find(([key]) => key === keyOf(terminal))?.[1];
  }

  /** Closes the tabs of one sandbox. */
  close(sandboxId: string): void {
    const keys = new Set(this.#known().flatMap(([key, id]) => (id === sandboxId ? [key] : [])));
    for (const terminal of vscode.window.terminals) {
      if (keys.has(keyOf(terminal))) terminal.dispose();
    }
  }

  dispose(): void {
    this.#subscription.dispose();
  }

  #known(): readonly KnownTerminal[] {
    return this.#memory.get<readonly KnownTerminal[]>(memoryKey, []);
  }

  /** The newest only: what a crashed window left behind is pushed out in time. */
  #remember(known: readonly KnownTerminal[]): void {
    void this.#memory.update(memoryKey, known.slice(-mostRemembered));
  }
}

/** Empty, which is no sandbox's key, for a terminal that is not ours. */
function keyOf({ creationOptions }: vscode.Terminal): string {
  const shellArgs = "shellArgs" in creationOptions ? creationOptions.shellArgs : undefined;
  return Array.isArray(shellArgs) ? shellArgs.join("\0") : "";
}
