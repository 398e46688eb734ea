import { createHash } from "node:crypto";
import { homedir } from "node:os";
import * as vscode from "vscode";
import { overlaid } from "../../helper/protocol/overlaid.ts";
import type { SandboxSpecInput } from "../../helper/protocol/schemas.ts";
import type { Ctx } from "../context.ts";
import { taskType } from "../contributions.ts";
import { showFailure, UserError } from "../failure.ts";
import { sandboxDefaults } from "../terminals/defaults.ts";
import { shellSpec } from "../terminals/sandboxTerminal.ts";
import { chooseWorkspace, type WorkspaceChoice } from "../terminals/workspace.ts";
import { enterWords, execWords, runWords } from "./commandLine.ts";
import { readDefinition, type SandboxTask } from "./definition.ts";
import { MappedTask } from "./mappedTask.ts";

/** Tasks of the type `terrarium`: a command in a sandbox, or in a container of any engine. */
export function registerTasks(ctx: Ctx): vscode.Disposable {
  return vscode.tasks.registerTaskProvider(taskType, {
    // What there is to run, tasks.json says.
    provideTasks: () => [],
    resolveTask: async (task) => {
      try {
        return await resolveTask(ctx, task);
      } catch (error) {
        showFailure(ctx.log, error);
        return undefined;
      }
    },
  });
}

/** The same task with what runs it. Rejects with a UserError, a TerrariumError, or where the person said no. */
export async function resolveTask(
  ctx: Ctx,
  { definition, scope, name, problemMatchers }: vscode.Task,
): Promise<vscode.Task> {
  if (!vscode.workspace.isTrusted) throw new UserError(untrusted);
  const folder = folderOf(scope);
  const execution = await executionOf(ctx, readDefinition(definition), folder);
  const where = scope ?? vscode.TaskScope.Workspace;
  return new vscode.Task(definition, where, name, taskType, execution, problemMatchers);
}

const untrusted =
  'A task runs what the folder says, and you have not said that you trust it: see "Manage Workspace Trust".';

function folderOf(scope: vscode.Task["scope"]): string | undefined {
  if (typeof scope === "object") return scope.uri.fsPath;
  return vscode.workspace.workspaceFolders?.[0]?.uri.fsPath;
}

async function executionOf(
  ctx: Ctx,
  task: SandboxTask,
  folder: string | undefined,
): Promise<vscode.ProcessExecution | vscode.CustomExecution> {
  await ctx.helper.start();
  const words = [...helperWords(ctx), ...(await wordsOf(ctx, task, folder))];
  // On a desktop process.execPath is Electron; with this variable it is a plain Node.
  const env = { ELECTRON_RUN_AS_NODE: "1" };
  const args = [ctx.program, ...words];
  if (task.place.kind === "container" && task.paths.length > 0) return mapped(ctx, env);
  const cwd = folder === undefined ? {} : { cwd: folder };
  return new vscode.ProcessExecution(process.execPath, args, { env, ...cwd });
}

/** Here VS Code puts values in place of variables in the definition only, and hands that over when the task runs. */
function mapped(ctx: Ctx, env: Readonly<Record<string, string>>): vscode.CustomExecution {
  return new vscode.CustomExecution(async (definition) => {
    const task = readDefinition(definition);
    const words = await wordsOf(ctx, task, undefined);
    const args = [ctx.program, ...helperWords(ctx), ...words];
    const client = { program: process.execPath, args, env };
    return new MappedTask(client, task.paths);
  });
}

/** The editor's own helper, where it listens: what it knows of is there for the task, too. */
function helperWords({ helper: { state } }: Ctx): readonly string[] {
  const way = state.kind === "running" ? state.choice.way : undefined;
  return way?.kind === "socket" ? ["--helper", way.path] : [];
}

async function wordsOf(
  ctx: Ctx,
  task: SandboxTask,
  folder: string | undefined,
): Promise<readonly string[]> {
  const { place } = task;
  switch (place.kind) {
    case "new":
      return runWords(task, await specFile(ctx, place.spec, folder));
    case "sandbox":
      return execWords(task, place.name);
    case "container":
      return enterWords(task, place.container);
  }
}

/**
 * What the task describes over the user's settings, else what a sandboxed terminal of the folder would be. The client
 * reads a copy: a program in a sandbox, which may write to the folder, cannot change what was looked at and agreed to.
 */
async function specFile(
  ctx: Ctx,
  described: object | undefined,
  folder: string | undefined,
): Promise<string> {
  const { name: _name, ...spec } = described
    ? await describedSpec(ctx, described, folder)
    : (await shellSpec(ctx, choiceOf(folder))).spec;
  return keep(ctx.storage, JSON.stringify(spec));
}

async function describedSpec(
  ctx: Ctx,
  described: object,
  folder: string | undefined,
): Promise<SandboxSpecInput> {
  if (folder === undefined)
    throw new UserError("A sandbox of the task's own wants an open folder.");
  const text = JSON.stringify(described);
  const spec = await ctx.helper.request("sandbox/parse", { text, folder });
  const { folder: workspace } = choiceOf(folder);
  return overlaid({ workspace, ...(await sandboxDefaults(ctx, workspace)) }, spec);
}

/** A folder that holds the home directory is not shared with a task either. */
function choiceOf(folder: string | undefined): WorkspaceChoice {
  return folder === undefined ? {} : chooseWorkspace([folder], folder, homedir());
}

/** Named by its content: what two tasks say alike is one file. */
async function keep(storage: vscode.Uri, text: string): Promise<string> {
  const digest = createHash("sha256").update(text).digest("hex").slice(0, 12);
  const file = vscode.Uri.joinPath(storage, "tasks", `${digest}.json`);
  await vscode.workspace.fs.writeFile(file, new TextEncoder().encode(text));
  return file.fsPath;
}
