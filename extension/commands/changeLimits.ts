import * as vscode from "vscode";
import {
  fieldHelp,
  formatLimit,
  type LimitName,
  limitFacts,
  unitOf,
} from "../../helper/protocol/limits.ts";
import type { LimitRowReport } from "../../helper/protocol/limitsReport.ts";
import { fieldError, fieldText } from "../../helper/protocol/limitTexts.ts";
import type { Ctx } from "../context.ts";
import { UserError } from "../failure.ts";
import { PanelLimitsEditor } from "../panel/limits.ts";
import { subjectFor } from "./openPanel.ts";

interface Choice extends vscode.QuickPickItem {
  readonly row: LimitRowReport;
}

/** One limit by the keyboard alone: which, how much, and a way back. The panel shows all of them. */
export async function changeLimits(ctx: Ctx, argument: unknown): Promise<void> {
  const subject = await subjectFor(ctx, argument, "Change Limits");
  if (!subject) return;
  const editor = new PanelLimitsEditor(ctx.helper, subject);
  const { report } = await editor.read();
  const row = await pickLimit(`Change Limits of ${report.title}`, report.rows);
  const text = row && (await askForValue(row));
  if (!row || text === undefined) return;
  await editor.change({ [row.limit]: text.trim() }, undefined);
  await tell(editor);
}

async function pickLimit(
  title: string,
  rows: readonly LimitRowReport[],
): Promise<LimitRowReport | undefined> {
  const choices = rows.filter(({ unavailable }) => unavailable === undefined).map(choiceOf);
  if (choices.length === 0) throw new UserError("No limit can be set here.");
  const placeHolder = "Which limit";
  const options = { title, placeHolder, matchOnDetail: true };
  return (await vscode.window.showQuickPick(choices, options))?.row;
}

function choiceOf(row: LimitRowReport): Choice {
  const { limit } = row;
  const description = formatLimit(limit, row.value);
  return { label: limitFacts[limit].label, description, detail: fieldHelp(limit), row };
}

async function askForValue(row: LimitRowReport): Promise<string | undefined> {
  const { limit } = row;
  return vscode.window.showInputBox({
    title: limitFacts[limit].label,
    prompt: promptWords(limit),
    value: fieldText(row),
    validateInput: (text) => fieldError(limit, text),
  });
}

function promptWords(limit: LimitName): string {
  const { minimum, maximum } = limitFacts[limit];
  return `${unitOf(limit).range(minimum, maximum)}; empty: ${formatLimit(limit, undefined)}`;
}

async function tell(editor: PanelLimitsEditor): Promise<void> {
  const { changed, refused } = await editor.read();
  if (refused) throw new UserError(refused.message);
  if (!changed) return;
  const words = [`Changed: ${changed.words.join("; ")}.`, changed.note].filter(Boolean).join(" ");
  const undo = "Undo";
  if ((await vscode.window.showInformationMessage(words, undo)) === undo) await editor.undo();
}
