import * as vscode from "vscode";
import type { PanelAction, PanelSubject } from "../../helper/protocol/panel.ts";
import { OnSubject } from "../commands/subject.ts";
import type { Helper } from "../connection/helper.ts";
import { commands } from "../contributions.ts";
import { processOf } from "./identity.ts";

const commandOf: Readonly<Record<PanelAction, string>> = {
  enter: commands.enter,
  pause: commands.pauseSandbox,
  resume: commands.resumeSandbox,
  start: commands.startSandbox,
  stop: commands.stopSandbox,
};

/** A button of the header is the command of the same name: with its question, and its words for a failure. */
export async function act(
  helper: Helper,
  subject: PanelSubject,
  action: PanelAction,
): Promise<void> {
  const { kind, target } = subject;
  const found =
    kind === "sandbox"
      ? { kind, sandbox: await helper.request("sandbox/inspect", { target }) }
      : {
          kind: "process" as const,
          process: await helper.request("process/inspect", processOf(subject)),
        };
  await vscode.commands.executeCommand(commandOf[action], new OnSubject(found));
}
