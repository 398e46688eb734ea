import * as vscode from "vscode";
import { type ErrorCode, TerrariumError } from "../../helper/protocol/errors.ts";
import { commands } from "../contributions.ts";
import { failureText } from "../failure.ts";

/** What to do instead. */
interface NextStep {
  readonly title: string;
  readonly command: string;
}

/** The machine is as it is: no failure of anybody's, and the next step is named. */
const nextSteps: { readonly [C in ErrorCode]?: NextStep } = {
  nothingToEnter: { title: "Enter Another…", command: commands.enter },
  notEnterable: { title: "Enter Another…", command: commands.enter },
  noSuchProcess: { title: "Refresh", command: commands.refresh },
  noSuchContainer: { title: "Refresh", command: commands.refresh },
  noSuchSandbox: { title: "Refresh", command: commands.refresh },
  sandboxNotRunning: { title: "Refresh", command: commands.refresh },
  processDenied: { title: "Run Doctor", command: commands.runDoctor },
  needsPrivilege: { title: "Run Doctor", command: commands.runDoctor },
  noShell: { title: "Run Doctor", command: commands.runDoctor },
  toolboxUnavailable: { title: "Run Doctor", command: commands.runDoctor },
};

/** Tries to enter; what cannot be entered is said calmly. Rejects with what is nobody's expectation. */
export async function withNextStep(attempt: () => Promise<void>): Promise<void> {
  try {
    await attempt();
  } catch (error) {
    const step = TerrariumError.is(error) ? nextSteps[error.code] : undefined;
    if (!step) throw error;
    void vscode.window.showInformationMessage(failureText(error), step.title).then((answer) => {
      if (answer === step.title) return vscode.commands.executeCommand(step.command);
      return undefined;
    });
  }
}
