import * as vscode from "vscode";
import type { Ctx } from "../context.ts";
import { type CommandId, commands } from "../contributions.ts";
import { showFailure } from "../failure.ts";
import { changeLimits } from "./changeLimits.ts";
import { clearAlert } from "./clearAlert.ts";
import { copyId } from "./copyId.ts";
import { copyPath } from "./copyPath.ts";
import { copyPid } from "./copyPid.ts";
import { enterNamespace } from "./enterNamespace.ts";
import { inspect } from "./inspect.ts";
import { isolationReport } from "./isolationReport.ts";
import { killProcessCommand } from "./killProcess.ts";
import { newSandboxedTerminal } from "./newSandboxedTerminal.ts";
import { openAnotherTerminal } from "./openAnotherTerminal.ts";
import { openLimits, openPanel } from "./openPanel.ts";
import { pauseSandbox, resumeSandbox } from "./pauseSandbox.ts";
import { refresh } from "./refresh.ts";
import { removeSandbox } from "./removeSandbox.ts";
import { revealInNamespaces } from "./revealInNamespaces.ts";
import { runDoctor } from "./runDoctor.ts";
import { runDoctorFix } from "./runDoctorFix.ts";
import { showEvents } from "./showEvents.ts";
import { showLog } from "./showLog.ts";
import { showStatus } from "./showStatus.ts";
import { startHelper } from "./startHelper.ts";
import { startSandbox } from "./startSandbox.ts";
import { stopSandbox } from "./stopSandbox.ts";

/** `argument` is whatever VS Code hands over: a tree node, nothing, or a stranger's value. */
type Handler = (ctx: Ctx, argument: unknown) => Promise<void> | void;

const handlers: Readonly<Record<CommandId, Handler>> = {
  [commands.newSandboxedTerminal]: newSandboxedTerminal,
  [commands.openAnotherTerminal]: openAnotherTerminal,
  [commands.enterNamespace]: enterNamespace,
  [commands.pauseSandbox]: pauseSandbox,
  [commands.resumeSandbox]: resumeSandbox,
  [commands.startSandbox]: startSandbox,
  [commands.stopSandbox]: stopSandbox,
  [commands.removeSandbox]: removeSandbox,
  [commands.openPanel]: openPanel,
  [commands.openLimits]: openLimits,
  [commands.showEvents]: showEvents,
  [commands.clearAlert]: clearAlert,
  [commands.changeLimits]: changeLimits,
  [commands.killProcess]: killProcessCommand,
  [commands.inspect]: inspect,
  [commands.isolationReport]: isolationReport,
  [commands.revealInNamespaces]: revealInNamespaces,
  [commands.copyId]: copyId,
  [commands.copyPid]: copyPid,
  [commands.copyPath]: copyPath,
  [commands.refresh]: refresh,
  [commands.runDoctor]: runDoctor,
  [commands.runDoctorFix]: runDoctorFix,
  [commands.startHelper]: startHelper,
  [commands.showLog]: showLog,
  [commands.showStatus]: showStatus,
};

export function registerCommands(ctx: Ctx): vscode.Disposable[] {
  return Object.entries(handlers).map(([id, handler]) =>
    vscode.commands.registerCommand(id, async (argument: unknown) => {
      try {
        await handler(ctx, argument);
      } catch (error) {
        showFailure(ctx.log, error);
      }
    }),
  );
}
