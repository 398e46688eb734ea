import * as vscode from "vscode";
import { commandLine } from "../../helper/protocol/doctorText.ts";
import { quote } from "../../helper/protocol/shellWords.ts";
import type { Ctx } from "../context.ts";
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
  const terminal = vscode.window.createTerminal({
    name: "Terrarium Doctor",
    shellPath: "/bin/sh",
    shellArgs: ["-c", visibly(line)],
    isTransient: true,
  });
  terminal.show();
  await closed(terminal);
  await runDoctor(ctx);
}

/** The line, its output, and time to read both. */
function visibly(line: string): string {
  return `printf '$ %s\\n' ${quote(line)}; ${line}; printf '\\nPress Enter to look again. '; read -r _`;
}

function closed(terminal: vscode.Terminal): Promise<void> {
  return new Promise((resolve) => {
    const registration = vscode.window.onDidCloseTerminal((one) => {
      if (one !== terminal) return;
      registration.dispose();
      resolve();
    });
  });
}
