import * as vscode from "vscode";
import type { Ctx } from "../context.ts";
import type { CgroupOrder } from "../views/cgroupRows.ts";
import type { Arrangement } from "../views/choices.ts";
import type { ContainerOrder } from "../views/firstViewRows.ts";

interface Choice<T> extends vscode.QuickPickItem {
  readonly value: T;
}

const containerOrders: readonly Choice<ContainerOrder>[] = [
  { label: "By state", description: "those that run first", value: "state" },
  { label: "By name", value: "name" },
  { label: "By engine", value: "engine" },
  { label: "By start", description: "the newest first", value: "started" },
];

const cgroupOrders: readonly Choice<CgroupOrder>[] = [
  { label: "By name", value: "name" },
  { label: "By CPU time", description: "of the rows that are shown", value: "cpu" },
  { label: "By memory", description: "of the rows that are shown", value: "memory" },
];

export function sortContainers(ctx: Ctx): Promise<void> {
  return choose(ctx, "Sort Sandboxes & Containers", "containerOrder", containerOrders);
}

export function sortCgroups(ctx: Ctx): Promise<void> {
  return choose(ctx, "Sort Cgroups", "cgroupOrder", cgroupOrders);
}

export function groupContainersByEngine({ choices }: Ctx): void {
  choices.set("containersBy", "engine");
}

export function ungroupContainers({ choices }: Ctx): void {
  choices.set("containersBy", "none");
}

export function showNamespacesByOwner({ choices }: Ctx): void {
  choices.set("namespacesBy", "owner");
}

export function showNamespacesByType({ choices }: Ctx): void {
  choices.set("namespacesBy", "type");
}

async function choose<N extends keyof Arrangement>(
  { choices }: Ctx,
  title: string,
  name: N,
  offered: readonly Choice<Arrangement[N]>[],
): Promise<void> {
  const now = choices.get(name);
  const items = offered.map((item) => ({ ...item, picked: item.value === now }));
  const chosen = await vscode.window.showQuickPick(items, { title, placeHolder: nowWords() });
  if (chosen) choices.set(name, chosen.value);

  function nowWords(): string {
    const [current] = items.filter(({ picked }) => picked);
    return `Now: ${current?.label.toLowerCase() ?? "as they come"}`;
  }
}
