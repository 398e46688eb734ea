import * as vscode from "vscode";
import type { Attachment } from "../../helper/protocol/methods.ts";

/**
 * Which terminals of this window are in which sandbox. Ending a sandbox closes its tabs first: a shell
 * that is killed under an open tab makes VS Code report the exit code of `launcher attach` as an error.
 */
export class SandboxTerminals implements vscode.Disposable {
  /** Sandbox id by the arguments of the terminal's program: they name a socket that is used once. */
  readonly #sandboxes = new Map<string, string>();
  readonly #subscription: vscode.Disposable;

  constructor() {
    this.#subscription = vscode.window.onDidCloseTerminal((terminal) => {
      this.#sandboxes.delete(keyOf(terminal));
    });
  }

  /** Before the terminal is made: VS Code itself makes the one of a profile. */
  expect(sandboxId: string, attach: Attachment | undefined): void {
    if (attach) this.#sandboxes.set(attach.args.join("\0"), sandboxId);
  }

  /** Closes the tabs of one sandbox. */
  close(sandboxId: string): void {
    for (const terminal of vscode.window.terminals) {
      if (this.#sandboxes.get(keyOf(terminal)) === sandboxId) terminal.dispose();
    }
  }

  dispose(): void {
    this.#subscription.dispose();
  }
}

/** Empty, which is no sandbox's key, for a terminal that is not ours. */
function keyOf({ creationOptions }: vscode.Terminal): string {
  const shellArgs = "shellArgs" in creationOptions ? creationOptions.shellArgs : undefined;
  return Array.isArray(shellArgs) ? shellArgs.join("\0") : "";
}
