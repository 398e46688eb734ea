import * as vscode from "vscode";
import { quote } from "../../helper/protocol/shellWords.ts";

export interface VisibleCommand {
  /** Of the terminal. */
  readonly name: string;
  /** For a shell, and for the person: what is shown is what runs. */
  readonly line: string;
  /** When it is done: what Enter, which closes the terminal, leads to. */
  readonly parting: string;
}

/** Opens a terminal that shows the line, runs it, and stays until somebody has read what came of it. */
export function showCommand({ name, line, parting }: VisibleCommand): vscode.Terminal {
  const script = [
    `printf '$ %s\\n' ${quote(line)}`,
    line,
    `printf '\\n%s ' ${quote(parting)}`,
    "read -r _",
  ].join("; ");
  const terminal = vscode.window.createTerminal({
    name,
    shellPath: "/bin/sh",
    shellArgs: ["-c", script],
    isTransient: true,
  });
  terminal.show();
  return terminal;
}

export function closed(terminal: vscode.Terminal): Promise<void> {
  return new Promise((resolve) => {
    const registration = vscode.window.onDidCloseTerminal((one) => {
      if (one !== terminal) return;
      registration.dispose();
      resolve();
    });
  });
}
