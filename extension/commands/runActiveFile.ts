import { relative } from "node:path";
import * as vscode from "vscode";
import type { Ctx } from "../context.ts";
import { taskType } from "../contributions.ts";
import { UserError } from "../failure.ts";
import { interpreterOf } from "../tasks/interpreters.ts";
import { resolveTask } from "../tasks/provider.ts";

/** By what its first line or its language says, in a new sandbox of its folder: as a task, whose output stays. */
export async function runActiveFile(ctx: Ctx): Promise<void> {
  const document = vscode.window.activeTextEditor?.document;
  if (document?.uri.scheme !== "file") {
    throw new UserError(
      "Open the file that is to run, and save it: a sandbox sees what is on the disk.",
    );
  }
  if (document.isDirty) await document.save();
  const [command = "", ...args] = commandOf(document);
  const folder = vscode.workspace.getWorkspaceFolder(document.uri);
  const { fsPath } = document.uri;
  const name = folder ? relative(folder.uri.fsPath, fsPath) : fsPath;
  const definition = { type: taskType, command, args: [...args, fsPath] };
  const scope = folder ?? vscode.TaskScope.Workspace;
  const task = await resolveTask(ctx, new vscode.Task(definition, scope, name, taskType));
  // The command line says nothing that one did not choose.
  task.presentationOptions = { echo: false };
  await vscode.tasks.executeTask(task);
}

function commandOf(document: vscode.TextDocument): readonly string[] {
  const { languageId } = document;
  const command = interpreterOf(document.lineAt(0).text, languageId);
  if (command) return command;
  throw new UserError(
    `Nothing is known that runs a file of the language "${languageId}". A first line as "#!/usr/bin/env python3" would say it.`,
  );
}
