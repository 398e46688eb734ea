import * as vscode from "vscode";
import type { EntryPlan } from "../../helper/protocol/following.ts";
import { namespaceTypes } from "../../helper/protocol/namespaces.ts";
import { withoutIcons } from "../plain.ts";
import { namespaceIcons } from "../views/namespaceRow.ts";
import type { Entrance } from "./entrance.ts";
import { entryWords, type PreviewLine, previewGroups } from "./previewText.ts";
import type { EnterTarget } from "./target.ts";

/** Go on like this, or choose otherwise. */
export type PreviewAnswer = Entrance | "choose";

interface Item extends vscode.QuickPickItem {
  /** Absent for a line that only tells. */
  readonly answer?: PreviewAnswer;
}

/**
 * Who one would be, before one is: Enter goes on, Escape leaves, typing finds a line. A list and no dialogue, for
 * then the keyboard and a screen reader go through the table line by line. Undefined: better not.
 */
export async function showPreview(
  target: EnterTarget,
  entrance: Entrance,
  plan: EntryPlan,
): Promise<PreviewAnswer | undefined> {
  const pick = vscode.window.createQuickPick<Item>();
  pick.title = titleOf(target, plan);
  pick.placeholder = "Enter goes on, Escape leaves everything as it is";
  pick.matchOnDescription = true;
  pick.matchOnDetail = true;
  pick.items = [...actions(entrance, plan), ...tableOf(plan)];
  try {
    return await answerOf(pick);
  } finally {
    pick.dispose();
  }
}

/** A line that only tells is no answer. */
function answerOf(pick: vscode.QuickPick<Item>): Promise<PreviewAnswer | undefined> {
  return new Promise((resolve) => {
    pick.onDidAccept(() => {
      const answer = pick.selectedItems[0]?.answer;
      if (answer !== undefined) resolve(answer);
    });
    pick.onDidHide(() => resolve(undefined));
    pick.show();
  });
}

function titleOf({ place }: EnterTarget, { pid, command, user }: EntryPlan): string {
  const where = place === undefined ? "" : `${place} ⟶ `;
  return withoutIcons(`Enter ${where}${command} (process ${pid} of ${user})`);
}

/** What can be done, the next thing first; why it is not simply Enter stands beside it. */
function actions(entrance: Entrance, plan: EntryPlan): Item[] {
  const choose: Item = {
    label: "$(list-selection) Choose…",
    description: "some of its namespaces, another shell, as root",
    alwaysShow: true,
    answer: "choose",
  };
  return [...(mainAction(entrance, plan) ?? []), choose];
}

function mainAction(entrance: Entrance, plan: EntryPlan): Item[] {
  const thaws = plan.frozen !== undefined && !entrance.thaw;
  const thaw = thaws ? { thaw: true } : {};
  if (isWithoutShell(entrance, plan)) return withoutShell({ ...entrance, ...thaw }, plan);
  const words = withoutIcons(entryWords(plan));
  return [
    thaws
      ? {
          label: "$(debug-continue) Thaw and Enter",
          description: "it is paused: all that is paused with it goes on as well",
          detail: words,
          alwaysShow: true,
          answer: { ...entrance, ...thaw },
        }
      : { label: "$(sign-in) Enter", description: words, alwaysShow: true, answer: entrance },
  ];
}

/** Looked for among its files, and not found. */
export function isWithoutShell(
  { args }: Entrance,
  { shells, toolbox }: Pick<EntryPlan, "shells" | "toolbox">,
): boolean {
  return args === undefined && !toolbox.used && shells?.length === 0;
}

function withoutShell(entrance: Entrance, { toolbox, command }: EntryPlan): Item[] {
  if (toolbox.missing !== undefined) {
    return [
      {
        label: "$(info) It Has No Shell",
        description: withoutIcons(`and tools cannot be brought along: ${toolbox.missing}`),
        alwaysShow: true,
      },
    ];
  }
  return [
    {
      label: "$(tools) Enter With a Toolbox",
      description: withoutIcons(
        `${command} has no shell: one is brought along, its files are at /target`,
      ),
      alwaysShow: true,
      answer: { ...entrance, toolbox: "always" },
    },
  ];
}

function tableOf(plan: EntryPlan): Item[] {
  return previewGroups(plan).flatMap(({ title, lines }) => [
    { label: withoutIcons(title), kind: vscode.QuickPickItemKind.Separator },
    ...lines.map(item),
  ]);
}

function item({ name, words, whole }: PreviewLine): Item {
  return {
    label: `$(${iconOf(name)}) ${name}`,
    description: withoutIcons(words),
    ...(whole !== undefined && { detail: withoutIcons(whole) }),
  };
}

/** So that lines of a kind are seen as such, and stand below each other. */
const icons: Readonly<Record<string, string>> = {
  ...{ user: "account", group: "account", groups: "account" },
  ...{ capabilities: "key", "bounding set": "key", no_new_privs: "key" },
  ...{ seccomp: "shield", label: "shield", cgroup: "dashboard" },
  ...{ root: "root-folder", "working directory": "folder", processors: "circuit-board" },
};

function iconOf(name: string): string {
  const type = namespaceTypes.find((one) => name === `${one} namespace`);
  if (type) return namespaceIcons[type];
  return icons[name] ?? (name.startsWith("limit ") ? "graph" : "circle-small");
}
