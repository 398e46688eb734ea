import * as vscode from "vscode";
import { fromWireError } from "../helper/protocol/errors.ts";
import { commands } from "./contributions.ts";
import { withoutLinks } from "./plain.ts";

/** Something that the extension itself has to say no to; its message is a sentence for people. */
export class UserError extends Error {}

/** The words for what went wrong, the helper's own where they are its, fit for a notification. */
export function failureText(error: unknown): string {
  const { message } = error instanceof UserError ? error : fromWireError(error);
  return withoutLinks(message);
}

/** One message for one failed action, with the way to more. Does not wait for an answer. */
export function showFailure(log: vscode.LogOutputChannel, error: unknown): void {
  if (error instanceof vscode.CancellationError) return;
  const text = failureText(error);
  log.error(text);
  const showLog = "Show Log";
  void vscode.window.showErrorMessage(text, showLog).then((answer) => {
    if (answer === showLog) return vscode.commands.executeCommand(commands.showLog);
    return undefined;
  });
}
