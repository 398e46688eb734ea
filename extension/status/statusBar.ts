import * as vscode from "vscode";
import { countOf } from "../../helper/protocol/words.ts";
import type { Helper, HelperState } from "../connection/helper.ts";
import { commands } from "../contributions.ts";
import type { Reports } from "../inventory/reports.ts";
import { helperWords } from "./helperWords.ts";

/** A shell that ended takes its sandbox along; the record is gone a moment later. */
const settleMs = 500;

/** The one item: how many sandboxes run. With no view open it is brought up to date by our terminals. */
export function registerStatusBar(
  { helper, reports }: { readonly helper: Helper; readonly reports: Reports },
  subscriptions: vscode.Disposable[],
): void {
  const item = vscode.window.createStatusBarItem(
    "terrarium.status",
    vscode.StatusBarAlignment.Left,
    -10,
  );
  item.name = "Terrarium";
  item.command = commands.showStatus;
  const draw = () => drawItem(item, helper, reports);
  const recount = laterOnce(settleMs, () => {
    if (helper.state.kind === "running") reports.refreshSandboxes().catch(() => undefined);
  });
  subscriptions.push(
    item,
    recount,
    helper.onDidChangeState(draw),
    reports.onDidChange(draw),
    vscode.window.onDidOpenTerminal(recount.run),
    vscode.window.onDidCloseTerminal(recount.run),
  );
  draw();
  item.show();
}

function drawItem(item: vscode.StatusBarItem, helper: Helper, reports: Reports): void {
  const running = reports.last.sandboxes?.filter(({ state }) => state === "running").length ?? 0;
  const { state } = helper;
  const count = running === 0 ? [] : [`${running}`];
  const warning = isAmiss(state) ? ["$(warning)"] : [];
  const sandboxes = countOf(running, "running sandbox");
  item.text = ["$(terrarium-jar)", ...count, ...warning].join(" ");
  item.tooltip = `Terrarium: ${sandboxes}\n${helperWords(state)}`;
  item.accessibilityInformation = { label: `Terrarium, ${sandboxes}, ${helperWords(state)}` };
}

/** What the user wants is not to be had; that root's helper waits for a click is no fault. */
function isAmiss(state: HelperState): boolean {
  if (state.kind === "failed") return true;
  const lacks = state.kind === "running" ? state.choice.lacks : undefined;
  return lacks !== undefined && lacks !== "notAsked";
}

/** Calls that come close together become one. */
function laterOnce(delayMs: number, action: () => void): vscode.Disposable & { run: () => void } {
  let timer: NodeJS.Timeout | undefined;
  return {
    run: () => {
      clearTimeout(timer);
      timer = setTimeout(action, delayMs);
    },
    dispose: () => clearTimeout(timer),
  };
}
