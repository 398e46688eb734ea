import * as vscode from "vscode";
import type { Ctx } from "../context.ts";
import { showFailure } from "../failure.ts";
import { withoutLinks } from "../plain.ts";
import { goBack } from "./goBack.ts";

/** A container that ended under a terminal is there again: the way back is one click, and a message that fades. */
export function offerReentry(ctx: Ctx): vscode.Disposable {
  return ctx.reentry.onDidReturn(async (entered) => {
    const again = "Re-enter";
    const words = withoutLinks(`${entered.target.place ?? entered.command} is running again.`);
    if ((await vscode.window.showInformationMessage(words, again)) !== again) return;
    await goBack(ctx, entered).catch((error) => showFailure(ctx.log, error));
  });
}
