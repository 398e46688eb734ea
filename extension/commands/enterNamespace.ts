import * as vscode from "vscode";
import { containerTitle } from "../../helper/protocol/containerWords.ts";
import type { HostContainer } from "../../helper/protocol/hostTables.ts";
import type { ProcessFact, SandboxSummary } from "../../helper/protocol/inventory.ts";
import type { ParameterInput } from "../../helper/protocol/methods.ts";
import { mainProcess } from "../../helper/protocol/processes.ts";
import type { Ctx } from "../context.ts";
import { UserError } from "../failure.ts";
import { terminalEnvironment } from "../terminals/environment.ts";
import { attachedTerminal } from "../terminals/sandboxTerminal.ts";
import type { NamespaceSubject, Subject } from "../views/row.ts";
import { pickTarget, type Target } from "./pickers.ts";
import { subjectOf } from "./subject.ts";

/** Which process, and which of its namespaces (all that differ from ours when `only` is absent). */
type Entrance = Pick<ParameterInput<"process/enter">, "pid" | "startTimeTicks" | "only">;

/** A terminal inside the namespaces of a process that runs already. */
export async function enterNamespace(ctx: Ctx, argument: unknown): Promise<void> {
  await enter(ctx, argument, "Enter Namespace", entranceOf);
}

/** This host's programs and files in another network: for a look at the packets of what has no tools of its own. */
export async function enterNetwork(ctx: Ctx, argument: unknown): Promise<void> {
  await enter(ctx, argument, "Enter Network Only", (target) => ({
    ...entranceOf(target),
    only: ["net"],
  }));
}

type Entered = Target | Extract<Subject, { kind: "process" }>;

async function enter(
  ctx: Ctx,
  argument: unknown,
  title: string,
  choose: (target: Entered) => Entrance,
): Promise<void> {
  const target =
    subjectOf(ctx, argument, "sandbox", "container", "process", "namespace") ??
    (await pickTarget(ctx, title));
  if (target) await openEntered(ctx, target, choose(target));
}

async function openEntered(ctx: Ctx, target: Entered, entrance: Entrance): Promise<void> {
  const { title, attach } = await ctx.helper.request("process/enter", {
    ...entrance,
    stdio: "tty",
    clientEnv: terminalEnvironment(process.env),
  });
  if (target.kind === "sandbox") ctx.terminals.expect(target.sandbox.id, attach);
  const terminal = attachedTerminal(attach, {
    name: target.kind === "container" ? enteredName(target.container, title) : title,
    icon: new vscode.ThemeIcon("sign-in"),
    message: `entered ${entrance.only?.join(", ") ?? "every namespace"} of process ${entrance.pid}`,
  });
  vscode.window.createTerminal(terminal).show();
}

/** `web ⟶ nginx` */
function enteredName(container: HostContainer, title: string): string {
  return `${containerTitle(container)} ⟶ ${title}`;
}

function entranceOf(target: Entered): Entrance {
  switch (target.kind) {
    case "pid":
      return { pid: target.pid };
    case "process":
      return byProcess(target.process);
    case "sandbox":
      return byProcess(commandOf(target.sandbox));
    case "container":
      return byProcess(target.container);
    case "namespace":
      return { ...byProcess(topmostProcess(target.namespace)), only: [target.namespace.type] };
  }
}

/** With the start time, so that a pid that was given to somebody else since is refused. */
function byProcess({ pid, startTimeTicks }: Pick<ProcessFact, "pid" | "startTimeTicks">): Entrance {
  return { pid, startTimeTicks };
}

function commandOf({ name, processes }: SandboxSummary): ProcessFact {
  const main = mainProcess(processes);
  if (!main) throw new UserError(`Sandbox "${name}" has no process to enter: it has ended.`);
  return main;
}

function topmostProcess({ type, inode, topmost }: NamespaceSubject): ProcessFact {
  if (!topmost) {
    throw new UserError(`No process is in the ${type} namespace ${inode}, so there is no way in.`);
  }
  return topmost;
}
