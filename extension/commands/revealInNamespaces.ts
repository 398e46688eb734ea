import * as vscode from "vscode";
import type { NamespaceReport } from "../../helper/protocol/inventory.ts";
import type { Ctx } from "../context.ts";
import { views } from "../contributions.ts";
import { UserError } from "../failure.ts";
import type { Subject } from "../views/row.ts";
import { pickTarget, type Target } from "./pickers.ts";
import { subjectOf } from "./subject.ts";

/** Shows a process, the pid namespace of a sandbox, or a namespace in the second view. */
export async function revealInNamespaces(ctx: Ctx, argument: unknown): Promise<void> {
  const target =
    subjectOf(ctx, argument, "sandbox", "process", "namespace") ??
    (await pickTarget(ctx, "Reveal in Namespaces"));
  if (!target) return;
  await vscode.commands.executeCommand(`${views.namespaces}.focus`);
  const id = rowIdOf(target, await ctx.reports.namespaces());
  const { tree, treeView } = ctx.views.namespaces;
  await tree.ready;
  const node = id === undefined ? undefined : tree.find(id);
  if (!node)
    throw new UserError("It is in no namespace that the helper can see: it may have ended.");
  await treeView.reveal(node, { select: true, focus: true, expand: true });
}

/** Ids as namespaceRows.ts makes them. */
function rowIdOf(
  target: Target | Extract<Subject, { kind: "process" }>,
  report: NamespaceReport,
): string | undefined {
  switch (target.kind) {
    case "namespace":
      return `${target.namespace.type}/${target.namespace.inode}`;
    case "sandbox":
      return pidNamespaceOf(target.sandbox.pid, report)?.id;
    case "process":
      return pidNamespaceOf(target.process.pid, report)?.processId;
    case "pid":
      return pidNamespaceOf(target.pid, report)?.processId;
  }
}

function pidNamespaceOf(pid: number | undefined, { namespaces }: NamespaceReport) {
  for (const { type, inode, processes } of namespaces) {
    const member = type === "pid" ? processes.find((process) => process.pid === pid) : undefined;
    const id = `${type}/${inode}`;
    if (member) return { id, processId: `${id}/${member.pid}:${member.startTimeTicks}` };
  }
  return undefined;
}
