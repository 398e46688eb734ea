import * as vscode from "vscode";
import type { EntryPlan } from "../../helper/protocol/following.ts";
import type { Ctx } from "../context.ts";
import { withoutIcons } from "../plain.ts";
import { type Entrance, ways } from "./entrance.ts";
import { chooseNamespaces } from "./namespaces.ts";
import type { EnterTarget } from "./target.ts";

interface Choice extends vscode.QuickPickItem {
  /** What it changes; undefined: nothing. */
  readonly choose?: () => Promise<Entrance | undefined>;
}

/** Choose… of the preview: what is entered, and which shell. Undefined: it stays as it was. */
export async function chooseEntrance(
  ctx: Ctx,
  target: EnterTarget,
  entrance: Entrance,
  plan: EntryPlan,
): Promise<Entrance | undefined> {
  const line = (label: string): Choice => ({ label, kind: vscode.QuickPickItemKind.Separator });
  const choices: readonly Choice[] = [
    line("what of it"),
    ...whatChoices(ctx, target, entrance, plan),
    line("with which shell"),
    ...shellChoices(entrance, plan),
  ];
  const chosen = await vscode.window.showQuickPick(choices, {
    title: withoutIcons(`Enter ${plan.command}: Choose`),
    placeHolder: "What to enter, or the shell that is started there",
    matchOnDescription: true,
  });
  return chosen?.choose?.();
}

function whatChoices(
  ctx: Ctx,
  { place }: EnterTarget,
  entrance: Entrance,
  { pid, startTimeTicks }: EntryPlan,
): readonly Choice[] {
  const { only: _only, asRoot: _asRoot, ...rest } = entrance;
  const choices = Object.values(ways).map(
    (way): Choice => ({
      label: way.title,
      description: way.what,
      choose: async () => ({ ...rest, ...widened(way.entrance) }),
    }),
  );
  const namespaces: Choice = {
    label: "Namespaces…",
    description: "some of the eight types",
    choose: async () => {
      const only = await chooseNamespaces(ctx, { pid, startTimeTicks }, place);
      return only && { ...rest, only: [...only] };
    },
  };
  return [...choices.slice(0, 1), namespaces, ...choices.slice(1)];
}

/** A namespace that was pointed at does not bound what is chosen by hand. */
function widened(entrance: Entrance): Entrance {
  return { only: undefined, ...entrance };
}

function shellChoices(entrance: Entrance, { shells = [], toolbox }: EntryPlan): readonly Choice[] {
  const { args: _args, toolbox: _toolbox, ...rest } = entrance;
  const found = shells.map(
    (shell): Choice => ({
      label: withoutIcons(shell),
      choose: async () => ({ ...rest, args: shellCommand(shell) }),
    }),
  );
  const brought: Choice = {
    label: "Toolbox",
    description: withoutIcons(
      toolbox.missing ?? "a shell and tools of ours; the target's files are at /target",
    ),
    ...(toolbox.missing === undefined && {
      choose: async () => ({ ...rest, toolbox: "always" as const }),
    }),
  };
  const other: Choice = { label: "Other…", choose: () => askForShell(rest) };
  return [...found, brought, other];
}

/** busybox(1) is told which of its programs it is. */
function shellCommand(path: string): string[] {
  return path.endsWith("/busybox") ? [path, "sh"] : [path];
}

async function askForShell(rest: Entrance): Promise<Entrance | undefined> {
  const path = await vscode.window.showInputBox({
    title: "Shell",
    prompt: "A program among the target's files",
    validateInput: (value) => (value.startsWith("/") ? undefined : "A path begins with a slash."),
  });
  return path === undefined ? undefined : { ...rest, args: shellCommand(path) };
}
