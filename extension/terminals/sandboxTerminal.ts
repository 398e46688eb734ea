import { homedir } from "node:os";
import * as vscode from "vscode";
import { TerrariumError } from "../../helper/protocol/errors.ts";
import type { SandboxSummary } from "../../helper/protocol/inventory.ts";
import type { Attachment, CreatedSandbox } from "../../helper/protocol/methods.ts";
import type { SandboxSpecInput } from "../../helper/protocol/schemas.ts";
import type { Ctx } from "../context.ts";
import { sandboxDefaults } from "./defaults.ts";
import { terminalEnvironment } from "./environment.ts";
import { wantsShellIntegration } from "./shellIntegration.ts";
import { chooseWorkspace, type WorkspaceChoice } from "./workspace.ts";

export interface TerminalLooks {
  readonly name: string;
  readonly icon: vscode.ThemeIcon;
  /** One of the terminal's; absent: green. */
  readonly color?: string | undefined;
  /** First line, shown dim. */
  readonly message?: string | undefined;
}

/** Makes a sandbox for the open folder and describes the terminal in it. Rejects with a TerrariumError. */
export async function newSandboxTerminal(ctx: Ctx): Promise<vscode.TerminalOptions> {
  const choice = currentWorkspace();
  const { spec, isOfFile } = await shellSpec(ctx, choice);
  const { sandbox, attach } = await create(ctx, spec);
  ctx.terminals.expect(sandbox.id, attach);
  return attachedTerminal(attach, {
    name: sandbox.name,
    icon: new vscode.ThemeIcon("terrarium-jar"),
    message: isOfFile ? "sandbox: as sandbox.json says" : await explainOnce(ctx, choice, spec),
  });
}

/**
 * A shell in the sandbox that the settings and the folder's file describe, whatever the file's command is. The folder
 * is the workspace unless one of them says otherwise.
 */
export async function shellSpec(ctx: Ctx, { folder }: WorkspaceChoice) {
  const defaults = await sandboxDefaults(ctx, folder);
  if (folder === undefined) return { spec: defaults, isOfFile: false };
  const allowed = { workspace: folder, ...defaults };
  const { readSandboxFile, trustedSpec, untrustedSpec } = await import("./sandboxFile.ts");
  const file = await readSandboxFile(ctx, folder);
  if (file === undefined) return { spec: allowed, isOfFile: false };
  const spec = vscode.workspace.isTrusted
    ? await trustedSpec(ctx, allowed, file, folder)
    : await untrustedSpec(allowed, file);
  const { args: _args, processes: _processes, ...shell } = spec;
  return { spec: shell, isOfFile: spec !== allowed };
}

/** A second terminal of a named sandbox.json is another sandbox, so it gets a name of its own. */
async function create({ helper }: Ctx, spec: SandboxSpecInput): Promise<CreatedSandbox> {
  const attendance = {
    stdio: "tty" as const,
    clientEnv: terminalEnvironment(process.env, spec.passEnv),
    shellIntegration: wantsShellIntegration(),
  };
  try {
    return await helper.request("sandbox/create", { spec, ...attendance });
  } catch (error) {
    if (!TerrariumError.is(error, "nameTaken")) throw error;
    const { name: _name, ...unnamed } = spec;
    return helper.request("sandbox/create", { spec: unnamed, ...attendance });
  }
}

/**
 * A terminal whose shell is `launcher attach`: a process of VS Code's pty host, so that it survives a reload
 * of the window like any other. strictEnv keeps the editor's variables away from it.
 */
export function attachedTerminal(
  attach: Attachment | undefined,
  { name, icon, color = "terminal.ansiGreen", message }: TerminalLooks,
): vscode.TerminalOptions {
  if (!attach) throw new TerrariumError("helperFailed", { reason: "it gave no terminal" });
  return {
    name,
    shellPath: attach.command,
    shellArgs: [...attach.args],
    env: {},
    strictEnv: true,
    iconPath: icon,
    color: new vscode.ThemeColor(color),
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
  { network, limits = {} }: SandboxSpecInput,
): Promise<string | undefined> {
  const explained = workspaceState.get<readonly string[]>(explainedKey, []);
  const key = folder ?? "";
  if (explained.includes(key)) return undefined;
  await workspaceState.update(explainedKey, [...explained, key]);
  const access =
    folder === undefined ? `no workspace (${reason}), all` : "workspace read-write, rest";
  const mode = network?.mode ?? "none";
  const reach = mode === "none" ? "no network" : `network ${mode}`;
  const bounds = Object.keys(limits).length === 0 ? "no limits" : "limits as in your settings";
  return `sandbox: ${access} read-only, ${reach}, ${bounds}`;
}

/** SGR 2, dim; closed again so that it does not colour the shell's prompt. */
function dim(text: string): string {
  return `\u001b[2m${text}\u001b[22m`;
}
