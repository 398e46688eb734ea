import * as vscode from "vscode";
import type { ProcessDetails } from "../../helper/protocol/inventory.ts";
import type { ProcessIdentity } from "../../helper/protocol/panel.ts";
import type { SignalName } from "../../helper/protocol/signals.ts";
import { countOf } from "../../helper/protocol/words.ts";
import type { Helper } from "../connection/helper.ts";
import type { Ctx } from "../context.ts";
import { confirm } from "./confirm.ts";
import { askForPid } from "./pickers.ts";
import { subjectsOf } from "./subject.ts";

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

export async function killProcessCommand(
  ctx: Ctx,
  argument: unknown,
  selected: unknown,
): Promise<void> {
  const given = subjectsOf(ctx, { argument, selected }, "process").map(({ process }) => process);
  if (given.length > 0) return killProcesses(ctx.helper, given);
  const asked = await askForPid("Kill Process");
  if (!asked) return;
  await killProcesses(ctx.helper, [
    await ctx.helper.request("process/inspect", { pid: asked.pid }),
  ]);
}

export function killProcess(helper: Helper, process: ProcessIdentity): Promise<void> {
  return killProcesses(helper, [process]);
}

/** Asks which signal; and once more for processes that no sandbox of ours holds. */
async function killProcesses(helper: Helper, processes: readonly ProcessIdentity[]): Promise<void> {
  const all = await Promise.all(
    processes.map(({ pid, startTimeTicks }) =>
      helper.request("process/inspect", { pid, startTimeTicks }),
    ),
  );
  const signal = await askForSignal(`Kill ${namesOf(all)}`);
  if (!signal || !(await isMeant(all, signal))) return;
  await Promise.all(
    all.map(({ pid, startTimeTicks }) =>
      helper.request("process/kill", { pid, startTimeTicks, signal }),
    ),
  );
}

async function askForSignal(title: string): Promise<SignalName | undefined> {
  const placeHolder = "Which signal to send";
  const options = { title, placeHolder, matchOnDescription: true };
  return (await vscode.window.showQuickPick(choices, options))?.label;
}

async function isMeant(all: readonly ProcessDetails[], signal: SignalName): Promise<boolean> {
  const outside = all.filter(({ sandbox }) => sandbox === undefined);
  if (outside.length === 0) return true;
  const users = [...new Set(outside.map(({ user }) => user))].join(", ");
  const detail =
    outside.length === 1
      ? `${outside.length === all.length ? "It" : namesOf(outside)} is in no sandbox: a process of user ${users} on this machine.`
      : `${outside.length} of them are in no sandbox: processes of ${users} on this machine.`;
  return confirm(`Send ${signal} to ${namesOf(all)}?`, detail, "Send");
}

/** `"nginx" (812)`, `3 processes: nginx (812), bash (813), …` */
function namesOf(processes: readonly ProcessDetails[]): string {
  const [first] = processes;
  if (first && processes.length === 1) return `"${first.command}" (${first.pid})`;
  const names = processes.slice(0, mostNamed).map(({ command, pid }) => `${command} (${pid})`);
  const rest = processes.length > mostNamed ? ", …" : "";
  return `${countOf(processes.length, "process")}: ${names.join(", ")}${rest}`;
}

const mostNamed = 5;
