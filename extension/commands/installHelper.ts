import * as vscode from "vscode";
import { shellWords } from "../../helper/protocol/shellWords.ts";
import { installationRoot } from "../connection/surroundings.ts";
import type { Ctx } from "../context.ts";
import { closed, showCommand } from "../terminals/visibleCommand.ts";
import { usePrivilegedHelper, useRootlessHelper } from "./usePrivilegedHelper.ts";

const run = "Run in Terminal";

/** Root's copy of the helper, so that root never runs a file that the user can write. Brings an older one up to date, too. */
export async function installHelper(ctx: Ctx): Promise<void> {
  const { version, installed } = ctx.helper.surroundings();
  const line = installLine(ctx.program, ...(installed.includes(version) ? ["--repair"] : []));
  const detail = [
    "It runs as root, in a terminal, and first says what it will do:",
    line,
    `It copies the helper to ${installationRoot}/${version}, where only root can change it, and tells polkit and systemd of it. sudo asks for your password.`,
  ].join("\n\n");
  if (!(await runAfterConsent("Install Terrarium's privileged helper?", detail, line))) return;
  if (ctx.helper.surroundings().installed.includes(version)) await usePrivilegedHelper(ctx);
}

export async function uninstallHelper(ctx: Ctx): Promise<void> {
  const line = installLine(ctx.program, "--uninstall");
  const detail = `It runs as root, in a terminal:\n\n${line}\n\nSandboxes go on; the editor works without root's helper again.`;
  if (await runAfterConsent("Remove Terrarium's privileged helper?", detail, line))
    await useRootlessHelper(ctx);
}

/** sudo(8) clears the environment: that Electron is to be a plain Node goes by env(1). */
function installLine(program: string, ...options: readonly string[]): string {
  const node = ["env", "ELECTRON_RUN_AS_NODE=1", process.execPath];
  return `sudo ${shellWords([...node, program, "install-helper", ...options])}`;
}

/** True when it has run, however it ended. */
async function runAfterConsent(question: string, detail: string, line: string): Promise<boolean> {
  const answer = await vscode.window.showWarningMessage(question, { modal: true, detail }, run);
  if (answer !== run) return false;
  await closed(showCommand({ name: "Terrarium Helper", line, parting: "Press Enter to go on." }));
  return true;
}
