import * as vscode from "vscode";
import type { HelperState } from "../connection/helper.ts";
import { obstacleOf } from "../connection/obstacles.ts";
import type { Ctx } from "../context.ts";
import { commands, viewContainer } from "../contributions.ts";
import { helperWords } from "../status/helperWords.ts";

interface Action extends vscode.QuickPickItem {
  readonly command: string;
}

/** The few things that one does, behind the status bar item: first the way on from what is amiss. */
export async function showStatus(ctx: Ctx): Promise<void> {
  const { state } = ctx.helper;
  const chosen = await vscode.window.showQuickPick(actionsIn(state), {
    title: "Terrarium",
    placeHolder: helperWords(state).replaceAll("\n", " · "),
  });
  if (chosen) await vscode.commands.executeCommand(chosen.command);
}

function actionsIn(state: HelperState): readonly Action[] {
  const all: readonly Action[] = [
    ...remedies(state),
    { label: "$(add) New Sandboxed Terminal", command: commands.newSandboxedTerminal },
    { label: "$(sign-in) Enter…", command: commands.enter },
    { label: "$(pulse) Open Panel…", command: commands.openPanel },
    { label: "$(list-tree) Show Views", command: `workbench.view.extension.${viewContainer}` },
    ...helperActions(state),
    { label: "$(checklist) Run Doctor", command: commands.runDoctor },
    { label: "$(output) Show Log", command: commands.showLog },
  ];
  return all.filter(
    ({ command }, place) => place === all.findIndex((one) => one.command === command),
  );
}

function remedies(state: HelperState): readonly Action[] {
  const lacks = state.kind === "running" ? state.choice.lacks : undefined;
  if (lacks === undefined) return [];
  const { words, remedy } = obstacleOf(lacks);
  return [{ label: `$(warning) ${remedy.title}`, detail: words, command: remedy.command }];
}

function helperActions(state: HelperState): readonly Action[] {
  if (state.kind !== "running")
    return [{ label: "$(debug-start) Start Helper", command: commands.startHelper }];
  const { privileged, seesAll, uid } = state.facts;
  if (privileged && uid === process.getuid?.()) return [];
  const useRoot = {
    label: "$(shield) Use Privileged Helper",
    command: commands.usePrivilegedHelper,
  };
  const authorise = { ...useRoot, label: "$(shield) See What Belongs to Others…" };
  const useOwn = { label: "$(account) Use Rootless Helper", command: commands.useRootlessHelper };
  const install = {
    label: "$(desktop-download) Install Privileged Helper…",
    command: commands.installHelper,
  };
  return privileged ? [...(seesAll ? [] : [authorise]), useOwn] : [useRoot, install];
}
