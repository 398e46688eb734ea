import * as vscode from "vscode";
import { fromWireError, TerrariumError } from "../helper/protocol/errors.ts";
import { commands } from "./contributions.ts";
import { withoutLinks } from "./plain.ts";

/** Something that the extension itself has to say no to; its message is a sentence for people. */
export class UserError extends Error {}

/** The words for what went wrong, the helper's own where they are its, fit for a notification. */
export function failureText(error: unknown): string {
  const { message } = error instanceof UserError ? error : fromWireError(error);
  return withoutLinks(message);
}

/** What this helper may not do, and root's might. */
const beyondCodes = ["needsPrivilege", "processDenied"] as const;

const wayOn = { title: "Use Privileged Helper", command: commands.usePrivilegedHelper };
const showLog = { title: "Show Log", command: commands.showLog };

/** One message for one failed action, with the way on and to more. Does not wait for an answer. */
export function showFailure(log: vscode.LogOutputChannel, error: unknown): void {
  if (error instanceof vscode.CancellationError) return;
  const text = failureText(error);
  log.error(text);
  const isBeyond = beyondCodes.some((code) => TerrariumError.is(error, code));
  const actions = isBeyond ? [wayOn, showLog] : [showLog];
  const titles = actions.map(({ title }) => title);
  void vscode.window.showErrorMessage(text, ...titles).then((answer) => {
    const chosen = actions.find(({ title }) => title === answer);
    return chosen && vscode.commands.executeCommand(chosen.command);
  });
}
