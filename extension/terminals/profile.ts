import * as vscode from "vscode";
import type { Ctx } from "../context.ts";
import { commands, terminalProfile } from "../contributions.ts";
import { failureText } from "../failure.ts";
import { newSandboxTerminal } from "./sandboxTerminal.ts";

/** "Sandboxed Shell" in the terminal's "+" menu. */
export function registerTerminalProfile(ctx: Ctx): vscode.Disposable {
  return vscode.window.registerTerminalProfileProvider(terminalProfile, {
    provideTerminalProfile: async () => {
      try {
        return new vscode.TerminalProfile(await newSandboxTerminal(ctx));
      } catch (error) {
        ctx.log.error(failureText(error));
        throw new Error(`${failureText(error)} [Show Log](command:${commands.showLog})`);
      }
    },
  });
}
