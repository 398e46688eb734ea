import * as vscode from "vscode";
import type { Ctx } from "../context.ts";
import { commands, viewContainer } from "../contributions.ts";
import { helperWords } from "../status/helperWords.ts";

interface Action extends vscode.QuickPickItem {
  readonly command: string;
}

/** The few things that one does, behind the status bar item. */
export async function showStatus(ctx: Ctx): Promise<void> {
  const { state } = ctx.helper;
  const actions: readonly Action[] = [
    { label: "$(add) New Sandboxed Terminal", command: commands.newSandboxedTerminal },
    { label: "$(sign-in) Enter Namespace…", command: commands.enterNamespace },
    { label: "$(pulse) Open Panel…", command: commands.openPanel },
    { label: "$(checklist) Run Doctor", command: commands.runDoctor },
    { label: "$(list-tree) Show Views", command: `workbench.view.extension.${viewContainer}` },
    ...(state.kind === "running"
      ? []
      : [{ label: "$(debug-start) Start Helper", command: commands.startHelper }]),
    { label: "$(output) Show Log", command: commands.showLog },
  ];
  const chosen = await vscode.window.showQuickPick(actions, {
    title: "Terrarium",
    placeHolder: helperWords(state),
  });
  if (chosen) await vscode.commands.executeCommand(chosen.command);
}
