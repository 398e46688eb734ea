import { setTimeout as sleep } from "node:timers/promises";
import * as vscode from "vscode";

/** All tabs that are drawn are asked about within this. */
const settleMs = 100;

/**
 * Which terminal a tab's label is about. VS Code decorates the label like a file's, under a URI of its own,
 * vscode-terminal:/WORKSPACE/NUMBER (src/vs/workbench/contrib/terminal/browser/terminalUri.ts); the numbers ascend
 * as terminals are made, which is the order of vscode.window.terminals. No API names one by the other, so it is
 * said only where every terminal has a tab that was asked about: a tab that is not drawn (a single terminal has
 * none) has no mark. Tabs that were moved before the extension host alone was started again may be mistaken.
 */
export class TerminalTabs {
  readonly #asked = new Set<number>();

  /** Before all are asked about again. */
  forget(): void {
    this.#asked.clear();
  }

  async terminalOf({ scheme, path }: vscode.Uri): Promise<vscode.Terminal | undefined> {
    const number = scheme === "vscode-terminal" ? Number(path.split("/")[2]) : Number.NaN;
    if (!Number.isInteger(number)) return undefined;
    this.#asked.add(number);
    await sleep(settleMs);
    const { terminals } = vscode.window;
    if (this.#asked.size !== terminals.length) return undefined;
    const before = [...this.#asked].filter((other) => other < number);
    return terminals[before.length];
  }
}
