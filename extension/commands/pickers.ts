import * as vscode from "vscode";
import { containerTitle, whatItIs } from "../../helper/protocol/containerWords.ts";
import type { HostContainer, HostProcess } from "../../helper/protocol/hostTables.ts";
import type { SandboxSummary } from "../../helper/protocol/inventory.ts";
import { containerOfSandbox } from "../../helper/protocol/tableIndexes.ts";
import { countOf, facts } from "../../helper/protocol/words.ts";
import type { Ctx } from "../context.ts";
import { withoutIcons } from "../plain.ts";
import { containerIcon, engineWords } from "../views/containerWords.ts";
import { namespaceIcons, namespaceSubject } from "../views/namespaceRow.ts";
import type { NamespaceSubject, Subject } from "../views/row.ts";
import type { Tables } from "../views/tables.ts";
import { stateWords } from "../views/words.ts";

interface Choice<T> extends vscode.QuickPickItem {
  readonly value: T;
}

/** A line between groups of choices; VS Code never hands it back. */
interface Line extends vscode.QuickPickItem {
  readonly kind: vscode.QuickPickItemKind.Separator;
}

/** A sandbox, a container or a namespace as rows know them, or a process of which only the pid is known. */
export type Target =
  | Extract<Subject, { kind: "sandbox" | "container" | "namespace" }>
  | { readonly kind: "pid"; readonly pid: number };

export type ProcessTarget = Extract<Subject, { kind: "process" }>;

export interface CgroupPath {
  readonly kind: "path";
  readonly path: string;
}

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
    "Name of a sandbox",
    sandboxes.map((sandbox) => ({ ...sandboxWords(sandbox), value: sandbox })),
  );
}

/** What to look at or enter: running sandboxes, containers, namespaces that are not the host's, or any process. */
export async function pickTarget(ctx: Ctx, title: string): Promise<Target | undefined> {
  const choice = await choose<Target | "by pid">(ctx, title, [byPid]);
  return choice === "by pid" ? askForPid(title) : choice;
}

/** What to be inside of: also each process by its name. */
export async function pickEnterable(
  ctx: Ctx,
  title: string,
): Promise<Target | ProcessTarget | undefined> {
  const choice = await choose<Target | ProcessTarget | "by pid">(
    ctx,
    title,
    [byPid],
    processTargets,
  );
  return choice === "by pid" ? askForPid(title) : choice;
}

/** What has limits: any cgroup, too. */
export async function pickLimited(
  ctx: Ctx,
  title: string,
): Promise<Target | CgroupPath | undefined> {
  const choice = await choose<Target | "by pid" | "by path">(ctx, title, [byPid, byPath]);
  if (choice === "by path") return askForCgroup(title);
  return choice === "by pid" ? askForPid(title) : choice;
}

async function choose<T>(
  ctx: Ctx,
  title: string,
  typed: readonly Choice<T>[],
  processes: (tables: Tables) => readonly Choice<T>[] = () => [],
): Promise<T | Target | undefined> {
  const [sandboxes, tables] = await Promise.all([
    ctx.reports.refreshSandboxes(),
    ctx.reports.tables(),
  ]);
  const running = sandboxes.filter(({ state }) => state === "running");
  const ours = new Set(sandboxes.map((sandbox) => containerOfSandbox(sandbox, tables)));
  const containers = [...tables.containers.values()].filter((one) => !ours.has(one));
  const others = [...tables.namespaces.values()]
    .map((namespace) => namespaceSubject(namespace, tables))
    .filter(({ isInitial, processes }) => !isInitial && processes > 0);
  return pick<T | Target>(title, "Sandbox, container, namespace or process", [
    ...group("sandboxes", running.map(sandboxTarget)),
    ...group("containers", containers.map(containerTarget)),
    ...group("by hand", typed),
    ...group("processes", processes(tables)),
    ...group("namespaces", others.map(namespaceTarget)),
  ]);
}

const byPid: Choice<"by pid"> = {
  label: "$(symbol-numeric) Process…",
  description: "by its PID",
  alwaysShow: true,
  value: "by pid",
};

const byPath: Choice<"by path"> = {
  label: "$(type-hierarchy) Cgroup…",
  description: "by its path",
  alwaysShow: true,
  value: "by path",
};

function sandboxTarget(sandbox: SandboxSummary): Choice<Target> {
  return { ...sandboxWords(sandbox), value: { kind: "sandbox", sandbox } };
}

function containerTarget(container: HostContainer): Choice<Target> {
  const { codicon } = containerIcon(container);
  const { title } = engineWords[container.engine];
  return {
    label: `$(${codicon}) ${withoutIcons(containerTitle(container))}`,
    description: withoutIcons(
      facts(title.toLowerCase(), container.state, whatItIs(container, undefined)),
    ),
    value: { kind: "container", container },
  };
}

function namespaceTarget(namespace: NamespaceSubject): Choice<Target> {
  return {
    label: `$(${namespaceIcons[namespace.type]}) ${namespace.type} ${namespace.inode}`,
    description: withoutIcons(facts(namespace.whose, countOf(namespace.processes, "process"))),
    value: { kind: "namespace", namespace },
  };
}

/** Those that are in a container first; threads of the kernel cannot be entered. */
function processTargets({ processes, containers }: Tables): readonly Choice<ProcessTarget>[] {
  const all = [...processes.values()].filter(
    ({ isKernelThread, isZombie }) => !isKernelThread && !isZombie,
  );
  const isInside = ({ container }: HostProcess) => (container === undefined ? 1 : 0);
  return all
    .sort((a, b) => isInside(a) - isInside(b) || a.pid - b.pid)
    .map((process) => {
      const container = containers.get(process.container ?? "");
      return {
        label: `$(circle-small-filled) ${withoutIcons(process.command)}`,
        description: withoutIcons(facts(`${process.pid}`, container && containerTitle(container))),
        value: { kind: "process", process },
      };
    });
}

function sandboxWords(sandbox: SandboxSummary): vscode.QuickPickItem {
  return {
    label: `$(terrarium-jar) ${withoutIcons(sandbox.name)}`,
    description: facts(stateWords(sandbox), countOf(sandbox.processes.length, "process")),
    detail: withoutIcons(sandbox.command),
  };
}

export async function askForPid(
  title: string,
): Promise<Extract<Target, { kind: "pid" }> | undefined> {
  const text = await vscode.window.showInputBox({
    title,
    prompt: "Process id on the host",
    validateInput: (value) => (/^[1-9]\d{0,6}$/.test(value) ? undefined : "A PID is a number."),
  });
  return text === undefined ? undefined : { kind: "pid", pid: Number(text) };
}

async function askForCgroup(title: string): Promise<CgroupPath | undefined> {
  const path = await vscode.window.showInputBox({
    title,
    prompt: "A directory below /sys/fs/cgroup, or a path below the roots of the hierarchies",
    validateInput: (value) => (value.startsWith("/") ? undefined : "A path begins with a slash."),
  });
  return path === undefined ? undefined : { kind: "path", path };
}

/** Choices under a line that names them; nothing where there are none. */
function group<T>(label: string, choices: readonly Choice<T>[]): readonly (Choice<T> | Line)[] {
  if (choices.length === 0) return [];
  return [{ label, kind: vscode.QuickPickItemKind.Separator }, ...choices];
}

async function pick<T>(
  title: string,
  placeHolder: string,
  choices: readonly (Choice<T> | Line)[],
): Promise<T | undefined> {
  const options = { title, placeHolder, matchOnDescription: true };
  const chosen = await vscode.window.showQuickPick(choices, options);
  return chosen && "value" in chosen ? chosen.value : undefined;
}
