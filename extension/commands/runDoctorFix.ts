import * as vscode from "vscode";
import { commandLine } from "../../helper/protocol/doctorText.ts";
import { quote } from "../../helper/protocol/shellWords.ts";
import type { Ctx } from "../context.ts";
import { runDoctor } from "./runDoctor.ts";

/** What a lens of the doctor's report hands over: words of Terrarium's own (protocol/doctor.ts). */
interface Fix {
  readonly words: string;
  readonly command: readonly string[];
}

const run = "Run in Terminal";

/** Shows the command, runs it in a terminal that one can see, and looks again when that is closed. */
export async function runDoctorFix(ctx: Ctx, argument: unknown): Promise<void> {
  if (!isFix(argument)) return runDoctor(ctx);
  const line = commandLine(argument.command);
  const detail = `It runs as root, in a terminal:\n\n${line}`;
  const message = `Terrarium: ${argument.words}?`;
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

function isFix(argument: unknown): argument is Fix {
  const { words, command } = (argument ?? {}) as Partial<Fix>;
  return typeof words === "string" && Array.isArray(command) && command.every(isText);
}

function isText(word: unknown): word is string {
  return typeof word === "string";
}
