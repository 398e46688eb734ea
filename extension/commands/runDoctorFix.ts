import * as vscode from "vscode";
import { commandLine } from "../../helper/protocol/doctorText.ts";
import type { Ctx } from "../context.ts";
import { closed, showCommand } from "../terminals/visibleCommand.ts";
import { runDoctor } from "./runDoctor.ts";

const run = "Run in Terminal";

/** `argument`: a finding of the report, by its name. Shows the command, runs it in a terminal that one can see, and looks again when that is closed. */
export async function runDoctorFix(ctx: Ctx, argument: unknown): Promise<void> {
  const fix = ctx.doctor.fixOf(argument);
  if (!fix?.command) return runDoctor(ctx);
  const line = commandLine(fix.command);
  const detail = `It runs as root, in a terminal:\n\n${line}`;
  const message = `Terrarium: ${fix.words}?`;
  if ((await vscode.window.showWarningMessage(message, { modal: true, detail }, run)) !== run)
    return;
  const parting = "Press Enter to look again.";
  await closed(showCommand({ name: "Terrarium Doctor", line, parting }));
  await runDoctor(ctx);
}
