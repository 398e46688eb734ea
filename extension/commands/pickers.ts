import * as vscode from "vscode";
import type { NamespaceFact, SandboxSummary } from "../../helper/protocol/inventory.ts";
import type { Ctx } from "../context.ts";
import { withoutIcons } from "../plain.ts";
import { namespaceIcons, whose } from "../views/namespaceRows.ts";
import type { Subject } from "../views/row.ts";
import { countOf, facts, stateWords } from "../views/words.ts";

interface Choice<T> extends vscode.QuickPickItem {
  readonly value: T;
}

/** A sandbox or a namespace as rows know them, or a process of which only the pid is known. */
export type Target =
  | Extract<Subject, { kind: "sandbox" | "namespace" }>
  | { readonly kind: "pid"; readonly pid: number };

/** Which sandbox? Undefined when there is none (which is said) or the person went away. */
export async function pickSandbox(
  ctx: Ctx,
  title: string,
  suits: (sandbox: SandboxSummary) => boolean = () => true,
): Promise<SandboxSummary | undefined> {
  const sandboxes = (await ctx.reports.refreshSandboxes()).filter(suits);
  if (sandboxes.length === 0) {
    void vscode.window.showInformationMessage("There is no sandbox to choose from.");
    return undefined;
  }
  return pick(
    title,
    sandboxes.map((sandbox) => ({ ...sandboxWords(sandbox), value: sandbox })),
  );
}

/** What to look at or enter: running sandboxes, namespaces that are not the host's, or any process. */
export async function pickTarget(ctx: Ctx, title: string): Promise<Target | undefined> {
  const [sandboxes, { namespaces }] = await Promise.all([
    ctx.reports.refreshSandboxes(),
    ctx.reports.namespaces(),
  ]);
  const choice = await pick<Target | "by pid">(title, [
    ...sandboxes.filter(({ state }) => state === "running").map(sandboxTarget),
    ...namespaces
      .filter((fact) => !fact.isInitial && fact.processes.length > 0)
      .map(namespaceTarget),
    {
      label: "$(symbol-numeric) Process…",
      description: "by its PID",
      alwaysShow: true,
      value: "by pid",
    },
  ]);
  return choice === "by pid" ? askForPid(title) : choice;
}

function sandboxTarget(sandbox: SandboxSummary): Choice<Target> {
  return { ...sandboxWords(sandbox), value: { kind: "sandbox", sandbox } };
}

function namespaceTarget(namespace: NamespaceFact): Choice<Target> {
  return {
    label: `$(${namespaceIcons[namespace.type]}) ${namespace.type} ${namespace.inode}`,
    description: withoutIcons(
      facts(whose(namespace), countOf(namespace.processes.length, "process")),
    ),
    value: { kind: "namespace", namespace },
  };
}

function sandboxWords(sandbox: SandboxSummary): vscode.QuickPickItem {
  return {
    label: `$(terrarium-jar) ${withoutIcons(sandbox.name)}`,
    description: facts(stateWords(sandbox), countOf(sandbox.processes.length, "process")),
    detail: withoutIcons(sandbox.command),
  };
}

async function askForPid(title: string): Promise<Target | undefined> {
  const text = await vscode.window.showInputBox({
    title,
    prompt: "Process id on the host",
    validateInput: (value) => (/^[1-9]\d{0,6}$/.test(value) ? undefined : "A PID is a number."),
  });
  return text === undefined ? undefined : { kind: "pid", pid: Number(text) };
}

async function pick<T>(title: string, choices: readonly Choice<T>[]): Promise<T | undefined> {
  const chosen = await vscode.window.showQuickPick(choices, { title, matchOnDescription: true });
  return chosen?.value;
}
