import * as vscode from "vscode";
import type { PanelAction, PanelSubject } from "../../helper/protocol/panel.ts";
import { OnSubject } from "../commands/subject.ts";
import type { Helper } from "../connection/helper.ts";
import { commands } from "../contributions.ts";

const commandOf: Readonly<Record<PanelAction, string>> = {
  enter: commands.enterNamespace,
  pause: commands.pauseSandbox,
  resume: commands.resumeSandbox,
  start: commands.startSandbox,
  stop: commands.stopSandbox,
};

/** A button of the header is the command of the same name: with its question, and its words for a failure. */
export async function act(
  helper: Helper,
  { kind, target }: PanelSubject,
  action: PanelAction,
): Promise<void> {
  const subject =
    kind === "sandbox"
      ? { kind, sandbox: await helper.request("sandbox/inspect", { target }) }
      : {
          kind: "process" as const,
          process: await helper.request("process/inspect", { pid: Number(target) }),
        };
  await vscode.commands.executeCommand(commandOf[action], new OnSubject(subject));
}
