import * as vscode from "vscode";
import type { ProcessDetails } from "../../helper/protocol/inventory.ts";
import type { ProcessIdentity } from "../../helper/protocol/panel.ts";
import type { SignalName } from "../../helper/protocol/signals.ts";
import type { Helper } from "../connection/helper.ts";
import type { Ctx } from "../context.ts";
import { confirm } from "./confirm.ts";
import { askForPid } from "./pickers.ts";
import { subjectOf } from "./subject.ts";

interface Choice extends vscode.QuickPickItem {
  readonly label: SignalName;
}

/** Those that one sends by hand, the mildest way to end a process first: signal(7). */
const choices: readonly Choice[] = [
  { label: "SIGTERM", description: "asks it to end" },
  { label: "SIGKILL", description: "ends it at once; it cannot clean up" },
  { label: "SIGINT", description: "what Ctrl-C sends" },
  { label: "SIGHUP", description: "its terminal is gone; many programs read their settings again" },
  { label: "SIGQUIT", description: "ends it with a core dump" },
  { label: "SIGSTOP", description: "holds it still" },
  { label: "SIGCONT", description: "lets it go on" },
  { label: "SIGUSR1", description: "the program's own meaning" },
  { label: "SIGUSR2", description: "the program's own meaning" },
];

export async function killProcessCommand(ctx: Ctx, argument: unknown): Promise<void> {
  const process = subjectOf(ctx, argument, "process")?.process;
  const pid = process?.pid ?? (await askForPid("Kill Process"))?.pid;
  if (pid === undefined) return;
  const known = process ?? (await ctx.helper.request("process/inspect", { pid }));
  await killProcess(ctx.helper, known);
}

/** Asks which signal; and once more for a process that no sandbox of ours holds. */
export async function killProcess(helper: Helper, process: ProcessIdentity): Promise<void> {
  const { pid, startTimeTicks } = process;
  const details = await helper.request("process/inspect", { pid, startTimeTicks });
  const title = `Kill ${details.command} (${pid})`;
  const placeHolder = "Which signal to send";
  const chosen = await vscode.window.showQuickPick(choices, {
    title,
    placeHolder,
    matchOnDescription: true,
  });
  if (!chosen || !(await isMeant(details, chosen.label))) return;
  await helper.request("process/kill", { pid, startTimeTicks, signal: chosen.label });
}

async function isMeant(details: ProcessDetails, signal: SignalName): Promise<boolean> {
  if (details.sandbox !== undefined) return true;
  const { command, pid, user } = details;
  return confirm(
    `Send ${signal} to "${command}" (${pid})?`,
    `It is in no sandbox: a process of user ${user} on this machine.`,
    "Send",
  );
}
