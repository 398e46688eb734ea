import { homedir } from "node:os";
import * as vscode from "vscode";
import { TerrariumError } from "../../helper/protocol/errors.ts";
import type { SandboxSummary } from "../../helper/protocol/inventory.ts";
import type { Attachment, CreatedSandbox } from "../../helper/protocol/methods.ts";
import type { SandboxSpecInput } from "../../helper/protocol/schemas.ts";
import type { Ctx } from "../context.ts";
import { UserError } from "../failure.ts";
import { terminalEnvironment } from "./environment.ts";
import { readSandboxFile } from "./sandboxFile.ts";
import { chooseWorkspace, type WorkspaceChoice } from "./workspace.ts";

export interface TerminalLooks {
  readonly name: string;
  readonly icon: vscode.ThemeIcon;
  /** First line, shown dim. */
  readonly message?: string | undefined;
}

/** Makes a sandbox for the open folder and describes the terminal in it. Rejects with a TerrariumError. */
export async function newSandboxTerminal(ctx: Ctx): Promise<vscode.TerminalOptions> {
  if (!vscode.workspace.isTrusted) throw untrusted();
  const choice = currentWorkspace();
  const file = choice.folder === undefined ? undefined : await readSandboxFile(ctx, choice.folder);
  const { sandbox, attach } = await create(ctx, shellSpec(choice, file));
  ctx.terminals.expect(sandbox.id, attach);
  return attachedTerminal(attach, {
    name: sandbox.name,
    icon: new vscode.ThemeIcon("terrarium-jar"),
    message: file ? "sandbox: as sandbox.json says" : await explainOnce(ctx, choice),
  });
}

/**
 * A shell in the sandbox that the file describes, whatever its command is. Without a word about mounts in
 * the file the folder is the workspace, as it is without a file; an empty list means none.
 */
function shellSpec(
  { folder }: WorkspaceChoice,
  file: SandboxSpecInput | undefined,
): SandboxSpecInput {
  const { args: _args, processes: _processes, ...described } = file ?? {};
  const saysMounts = described.mounts !== undefined || described.workspace !== undefined;
  if (folder === undefined || saysMounts) return described;
  return { workspace: folder, workdir: folder, ...described };
}

/** A second terminal of a named sandbox.json is another sandbox, so it gets a name of its own. */
async function create({ helper }: Ctx, spec: SandboxSpecInput): Promise<CreatedSandbox> {
  const clientEnv = terminalEnvironment(process.env, spec.passEnv);
  try {
    return await helper.request("sandbox/create", { spec, stdio: "tty", clientEnv });
  } catch (error) {
    if (!TerrariumError.is(error, "nameTaken")) throw error;
    const { name: _name, ...unnamed } = spec;
    return helper.request("sandbox/create", { spec: unnamed, stdio: "tty", clientEnv });
  }
}

/**
 * A terminal whose shell is `launcher attach`: a process of VS Code's pty host, so that it survives a reload
 * of the window like any other. strictEnv keeps the editor's variables away from it.
 */
export function attachedTerminal(
  attach: Attachment | undefined,
  { name, icon, message }: TerminalLooks,
): vscode.TerminalOptions {
  if (!attach) throw new TerrariumError("helperFailed", { reason: "it gave no terminal" });
  return {
    name,
    shellPath: attach.command,
    shellArgs: [...attach.args],
    env: {},
    strictEnv: true,
    iconPath: icon,
    color: new vscode.ThemeColor("terminal.ansiGreen"),
    ...(message !== undefined && { message: dim(message) }),
  };
}

/** Opens a tab for one more program with a terminal in a sandbox that is listed. */
export function showTerminal(
  { terminals }: Ctx,
  { id, name }: SandboxSummary,
  attach: Attachment | undefined,
): void {
  terminals.expect(id, attach);
  const icon = new vscode.ThemeIcon("terrarium-jar");
  vscode.window.createTerminal(attachedTerminal(attach, { name, icon })).show();
}

function untrusted(): UserError {
  return new UserError(
    'A sandbox gets the open folder, and you have not said that you trust it: see "Manage Workspace Trust".',
  );
}

function currentWorkspace(): WorkspaceChoice {
  const document = vscode.window.activeTextEditor?.document.uri;
  const active = document && vscode.workspace.getWorkspaceFolder(document);
  const folders = vscode.workspace.workspaceFolders ?? [];
  const local = folders.filter(({ uri }) => uri.scheme === "file").map(({ uri }) => uri.fsPath);
  return chooseWorkspace(
    local,
    active?.uri.scheme === "file" ? active.uri.fsPath : undefined,
    homedir(),
  );
}

const explainedKey = "explainedFolders";

/** What the sandbox may do, in one line; once for each folder, so that it teaches and then keeps quiet. */
async function explainOnce(
  { workspaceState }: Ctx,
  { folder, reason }: WorkspaceChoice,
): Promise<string | undefined> {
  const explained = workspaceState.get<readonly string[]>(explainedKey, []);
  const key = folder ?? "";
  if (explained.includes(key)) return undefined;
  await workspaceState.update(explainedKey, [...explained, key]);
  const access =
    folder === undefined ? `no workspace (${reason}), all` : "workspace read-write, rest";
  return `sandbox: ${access} read-only, no network, no limits`;
}

/** SGR 2, dim; closed again so that it does not colour the shell's prompt. */
function dim(text: string): string {
  return `\u001b[2m${text}\u001b[22m`;
}
