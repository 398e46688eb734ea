import * as vscode from "vscode";
import type { Ctx } from "../context.ts";
import { commands, terminalProfile } from "../contributions.ts";
import { failureText } from "../failure.ts";
import { newSandboxTerminal } from "./sandboxTerminal.ts";

/** "Sandboxed Shell" in the terminal's "+" menu. */
export function registerTerminalProfile(ctx: Ctx): vscode.Disposable {
  const provided = new WeakSet<object>();
  const provider = vscode.window.registerTerminalProfileProvider(terminalProfile, {
    provideTerminalProfile: async () => {
      try {
        const options = await newSandboxTerminal(ctx);
        provided.add(options);
        return new vscode.TerminalProfile(options);
      } catch (error) {
        if (error instanceof vscode.CancellationError) return undefined;
        ctx.log.error(failureText(error));
        throw new Error(`${failureText(error)} [Show Log](command:${commands.showLog})`);
      }
    },
  });
  return vscode.Disposable.from(provider, showWhenOpened(provided));
}

/**
 * VS Code brings its newest terminal to the front as soon as the provider has answered, which may be
 * before ours exists: the plain shell would stay in front, and get what is meant for the sandbox.
 * Guarded by the workbench test of the "+" menu.
 */
function showWhenOpened(provided: WeakSet<object>): vscode.Disposable {
  return vscode.window.onDidOpenTerminal((terminal) => {
    if (provided.has(terminal.creationOptions)) terminal.show();
  });
}
