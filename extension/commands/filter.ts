import * as vscode from "vscode";
import type { Ctx } from "../context.ts";
import { type ViewId, views } from "../contributions.ts";

/** Words that stay: VS Code's own find (Ctrl+F in a view) is for the moment, and of rows that are open. */

export function filterContainers(ctx: Ctx): Promise<void> {
  return filter(
    ctx,
    views.containers,
    "Filter Containers",
    "name, engine, image, pod, id or process",
  );
}

export function filterNamespaces(ctx: Ctx): Promise<void> {
  return filter(ctx, views.namespaces, "Filter Namespaces", "number, container, process or path");
}

export function filterCgroups(ctx: Ctx): Promise<void> {
  return filter(ctx, views.cgroups, "Filter Cgroups", "path, container, unit or state");
}

export function clearContainersFilter({ choices }: Ctx): void {
  choices.setFilter(views.containers, "");
}

export function clearNamespacesFilter({ choices }: Ctx): void {
  choices.setFilter(views.namespaces, "");
}

export function clearCgroupsFilter({ choices }: Ctx): void {
  choices.setFilter(views.cgroups, "");
}

/** The rows follow while somebody types; Escape puts the old filter back. */
async function filter(
  { choices }: Ctx,
  view: ViewId,
  title: string,
  placeholder: string,
): Promise<void> {
  const before = choices.filter(view);
  const box = vscode.window.createInputBox();
  Object.assign(box, { title, placeholder, value: before, prompt: "Every word must be there." });
  const accepted = await new Promise<boolean>((resolve) => {
    box.onDidChangeValue((value) => choices.setFilter(view, value));
    box.onDidAccept(() => resolve(true));
    box.onDidHide(() => resolve(false));
    box.show();
  });
  if (!accepted) choices.setFilter(view, before);
  box.dispose();
}
