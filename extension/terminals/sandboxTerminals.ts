import * as vscode from "vscode";
import type { Attachment } from "../../helper/protocol/methods.ts";
import { KnownTerminals } from "./knownTerminals.ts";

/**
 * Which terminals of this window are in which sandbox. Ending a sandbox closes its tabs first: a shell
 * that is killed under an open tab makes VS Code report the exit code of `launcher attach` as an error.
 */
export class SandboxTerminals implements vscode.Disposable {
  /** Their sandboxes' ids. */
  readonly #known: KnownTerminals<string>;

  constructor(memory: vscode.Memento) {
    this.#known = new KnownTerminals(memory, "sandboxTerminals");
  }

  /** Before the terminal is made: VS Code itself makes the one of a profile. */
  expect(sandboxId: string, attach: Attachment | undefined): void {
    this.#known.expect(attach, sandboxId);
  }

  /** The id of the sandbox that it is in; undefined for a terminal that is not ours. */
  sandboxOf(terminal: vscode.Terminal): string | undefined {
    return this.#known.of(terminal);
  }

  /** Closes the tabs of one sandbox. */
  close(sandboxId: string): void {
    for (const terminal of vscode.window.terminals) {
      if (this.sandboxOf(terminal) === sandboxId) terminal.dispose();
    }
  }

  dispose(): void {
    this.#known.dispose();
  }
}
