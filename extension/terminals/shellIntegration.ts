import * as vscode from "vscode";

/**
 * Whether a shell inside is to tell the editor of prompts, commands and its folder (OSC 633), by which links work: what
 * the person says of the shells that VS Code starts itself.
 */
export function wantsShellIntegration(): boolean {
  const settings = vscode.workspace.getConfiguration("terminal.integrated.shellIntegration");
  return settings.get("enabled", true);
}
