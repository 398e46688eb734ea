import * as vscode from "vscode";
import type { Ctx } from "../context.ts";
import { views } from "../contributions.ts";
import { UserError } from "../failure.ts";
import type { TreeNode } from "../views/nodes.ts";
import type { RowTree } from "../views/tree.ts";

/** A view that was hidden has its rows only when the helper has answered. */
const patienceMs = 5_000;

/** Shows the row of that id in another view, without the filter where that hides it. */
export async function reveal(
  ctx: Ctx,
  view: keyof typeof views,
  id: string,
  absent: string,
): Promise<void> {
  const { tree, treeView } = ctx.views[view];
  await vscode.commands.executeCommand(`${views[view]}.focus`);
  if (!tree.find(id)) ctx.choices.setFilter(views[view], "");
  const node = await nodeOf(tree, id);
  if (!node) throw new UserError(absent);
  await treeView.reveal(node, { select: true, focus: true, expand: true });
}

function nodeOf(tree: RowTree, id: string): Promise<TreeNode | undefined> {
  return new Promise((resolve) => {
    const done = (node: TreeNode | undefined) => {
      clearTimeout(timer);
      subscription.dispose();
      resolve(node);
    };
    const timer = setTimeout(() => done(undefined), patienceMs);
    const subscription = tree.onDidShow(look);
    look();

    function look(): void {
      const node = tree.find(id);
      if (node) done(node);
    }
  });
}
