import * as vscode from "vscode";
import type { Ctx } from "../context.ts";
import { type CommandId, commands } from "../contributions.ts";
import { showFailure } from "../failure.ts";
import {
  groupContainersByEngine,
  showNamespacesByOwner,
  showNamespacesByType,
  sortCgroups,
  sortContainers,
  ungroupContainers,
} from "./arrange.ts";
import { changeLimits } from "./changeLimits.ts";
import { clearAlert } from "./clearAlert.ts";
import { compareWith } from "./compareWith.ts";
import { copyAsDocker } from "./copyAsDocker.ts";
import { copyId } from "./copyId.ts";
import { copyPath } from "./copyPath.ts";
import { copyPid } from "./copyPid.ts";
import { enter } from "./enter.ts";
import { enterAsRoot } from "./enterAsRoot.ts";
import { enterFiles } from "./enterFiles.ts";
import { enterNamespaces } from "./enterNamespaces.ts";
import { enterNetwork } from "./enterNetwork.ts";
import {
  clearCgroupsFilter,
  clearContainersFilter,
  clearNamespacesFilter,
  filterCgroups,
  filterContainers,
  filterNamespaces,
} from "./filter.ts";
import { inspect } from "./inspect.ts";
import { installHelper, uninstallHelper } from "./installHelper.ts";
import { isolationReport } from "./isolationReport.ts";
import { killProcessCommand } from "./killProcess.ts";
import { newSandboxedTerminal } from "./newSandboxedTerminal.ts";
import { openAnotherTerminal } from "./openAnotherTerminal.ts";
import { openLimits, openPanel } from "./openPanel.ts";
import { pauseSandbox, resumeSandbox } from "./pauseSandbox.ts";
import { reenter } from "./reenter.ts";
import { refresh } from "./refresh.ts";
import { removeSandbox } from "./removeSandbox.ts";
import { revealInCgroups } from "./revealInCgroups.ts";
import { revealInNamespaces } from "./revealInNamespaces.ts";
import { runActiveFile } from "./runActiveFile.ts";
import { runDoctor } from "./runDoctor.ts";
import { runDoctorFix } from "./runDoctorFix.ts";
import { showEvents } from "./showEvents.ts";
import { showLog } from "./showLog.ts";
import { showStatus } from "./showStatus.ts";
import { startHelper } from "./startHelper.ts";
import { startSandbox } from "./startSandbox.ts";
import { stopSandbox } from "./stopSandbox.ts";
import { usePrivilegedHelper, useRootlessHelper } from "./usePrivilegedHelper.ts";

/**
 * `argument` is whatever VS Code hands over: a tree node, nothing, or a stranger's value; `selected` are all nodes
 * where several are selected.
 */
type Handler = (ctx: Ctx, argument: unknown, selected: unknown) => Promise<void> | void;

const handlers: Readonly<Record<CommandId, Handler>> = {
  [commands.newSandboxedTerminal]: newSandboxedTerminal,
  [commands.openAnotherTerminal]: openAnotherTerminal,
  [commands.enter]: enter,
  [commands.enterNamespaces]: enterNamespaces,
  [commands.enterNetwork]: enterNetwork,
  [commands.enterFiles]: enterFiles,
  [commands.enterAsRoot]: enterAsRoot,
  [commands.reenter]: reenter,
  [commands.runActiveFile]: runActiveFile,
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
  [commands.compareWith]: compareWith,
  [commands.revealInNamespaces]: revealInNamespaces,
  [commands.revealInCgroups]: revealInCgroups,
  [commands.copyId]: copyId,
  [commands.copyPid]: copyPid,
  [commands.copyPath]: copyPath,
  [commands.copyAsDocker]: copyAsDocker,
  [commands.filterContainers]: filterContainers,
  [commands.filterNamespaces]: filterNamespaces,
  [commands.filterCgroups]: filterCgroups,
  [commands.clearContainersFilter]: clearContainersFilter,
  [commands.clearNamespacesFilter]: clearNamespacesFilter,
  [commands.clearCgroupsFilter]: clearCgroupsFilter,
  [commands.sortContainers]: sortContainers,
  [commands.groupContainersByEngine]: groupContainersByEngine,
  [commands.ungroupContainers]: ungroupContainers,
  [commands.showNamespacesByOwner]: showNamespacesByOwner,
  [commands.showNamespacesByType]: showNamespacesByType,
  [commands.sortCgroups]: sortCgroups,
  [commands.refresh]: refresh,
  [commands.runDoctor]: runDoctor,
  [commands.runDoctorFix]: runDoctorFix,
  [commands.startHelper]: startHelper,
  [commands.usePrivilegedHelper]: usePrivilegedHelper,
  [commands.useRootlessHelper]: useRootlessHelper,
  [commands.installHelper]: installHelper,
  [commands.uninstallHelper]: uninstallHelper,
  [commands.showLog]: showLog,
  [commands.showStatus]: showStatus,
};

export function registerCommands(ctx: Ctx): vscode.Disposable[] {
  return Object.entries(handlers).map(([id, handler]) =>
    vscode.commands.registerCommand(id, async (argument: unknown, selected: unknown) => {
      try {
        await handler(ctx, argument, selected);
      } catch (error) {
        showFailure(ctx.log, error);
      }
    }),
  );
}
