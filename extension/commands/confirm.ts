import * as vscode from "vscode";

/** Asks before something that cannot be undone; the dialog names the object. */
export async function confirm(question: string, detail: string, action: string): Promise<boolean> {
  const answer = await vscode.window.showWarningMessage(question, { modal: true, detail }, action);
  return answer === action;
}
