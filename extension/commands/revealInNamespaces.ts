import type { Ctx } from "../context.ts";
import { namespaceRowId } from "../views/namespaceRows.ts";
import type { Subject } from "../views/row.ts";
import type { Tables } from "../views/tables.ts";
import { pickTarget, type Target } from "./pickers.ts";
import { reveal } from "./reveal.ts";
import { subjectOf } from "./subject.ts";

type Revealed = Target | Extract<Subject, { kind: "process" }>;

/** Shows a process, the pid namespace of a sandbox or container, or a namespace in the second view. */
export async function revealInNamespaces(ctx: Ctx, argument: unknown): Promise<void> {
  const target =
    subjectOf(ctx, argument, "sandbox", "container", "process", "namespace") ??
    (await pickTarget(ctx, "Reveal in Namespaces"));
  if (!target) return;
  const id = rowIdOf(target, await ctx.reports.tables(), ctx.choices.get("namespacesBy"));
  const absent = "It is in no namespace that the helper can see: it may have ended.";
  await reveal(ctx, "namespaces", id ?? "", absent);
}

function rowIdOf(
  target: Revealed,
  tables: Tables,
  by: Parameters<typeof namespaceRowId>[3],
): string | undefined {
  if (target.kind === "namespace") {
    const { type, inode } = target.namespace;
    return namespaceRowId(type, inode, tables, by);
  }
  const pid = pidOf(target);
  const process = [...tables.processes.values()].find((one) => one.pid === pid);
  const inode = process?.namespaces.pid;
  const id = inode === undefined ? undefined : namespaceRowId("pid", inode, tables, by);
  const isWhole = target.kind === "sandbox" || target.kind === "container";
  return isWhole || !process ? id : `${id}/${process.pid}:${process.startTimeTicks}`;
}

/** Of a sandbox or container that of its topmost process. */
export function pidOf(target: Exclude<Revealed, { kind: "namespace" }>): number | undefined {
  switch (target.kind) {
    case "sandbox":
      return target.sandbox.pid;
    case "container":
      return target.container.pid;
    case "process":
      return target.process.pid;
    case "pid":
      return target.pid;
  }
}
