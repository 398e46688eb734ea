import * as vscode from "vscode";
import { tableKeys } from "../../helper/protocol/hostTables.ts";
import type { Ctx } from "../context.ts";
import type { Entered } from "../enter/enteredTerminals.ts";
import { goBack } from "../enter/goBack.ts";
import { homeOfSandbox } from "../enter/target.ts";
import { withoutIcons } from "../plain.ts";
import { subjectOf } from "./subject.ts";

/** Back into a container that ended under a terminal, and is there again. */
export async function reenter(ctx: Ctx, argument: unknown): Promise<void> {
  const home = homeOf(ctx, argument);
  const entered =
    ctx.reentry.returned.find(({ target }) => target.home === home) ?? (await pick(ctx));
  if (entered) await goBack(ctx, entered);
}

function homeOf(ctx: Ctx, argument: unknown): string | undefined {
  const subject = subjectOf(ctx, argument, "sandbox", "container");
  if (!subject) return undefined;
  return subject.kind === "sandbox"
    ? homeOfSandbox(subject.sandbox.id)
    : tableKeys.containers(subject.container);
}

async function pick({ reentry }: Ctx): Promise<Entered | undefined> {
  const choices = reentry.returned.map((entered) => ({
    label: `$(debug-restart) ${withoutIcons(entered.target.place ?? entered.command)}`,
    description: withoutIcons(entered.tooltip),
    entered,
  }));
  if (choices.length === 0) {
    void vscode.window.showInformationMessage(
      "Nothing that you had entered has ended and is there again.",
    );
    return undefined;
  }
  const options = { title: "Re-enter", placeHolder: "What ended, and is there again" };
  return (await vscode.window.showQuickPick(choices, options))?.entered;
}
