import type { Ctx } from "../context.ts";
import { TreeNode } from "../views/nodes.ts";
import type { Subject } from "../views/row.ts";

/** What a command is run on by our own code, which has no row to hand over. */
export class OnSubject {
  readonly subject: Subject;

  constructor(subject: Subject) {
    this.subject = subject;
  }
}

type SubjectOf<K extends Subject["kind"]> = Extract<Subject, { kind: K }>;

/**
 * What a command was run on: the row that it was given, else the selected row of a visible view. VS Code
 * hands over `undefined` when a tree is redrawn between the click and the command (vscode #144250), and
 * from the palette there is no row at all; the caller then shows a picker.
 */
export function subjectOf<K extends Subject["kind"]>(
  ctx: Ctx,
  argument: unknown,
  ...kinds: readonly K[]
): SubjectOf<K> | undefined {
  const isWanted = (subject: Subject): subject is SubjectOf<K> =>
    kinds.some((kind) => kind === subject.kind);
  return givenBy(ctx, argument).find(isWanted);
}

/**
 * All that it was run on: the rows that were selected together with the one under the mouse, which VS Code hands
 * over beside it; one row, where that is not among the selected ones.
 */
export function subjectsOf<K extends Subject["kind"]>(
  ctx: Ctx,
  { argument, selected }: Given,
  ...kinds: readonly K[]
): readonly SubjectOf<K>[] {
  const isWanted = (subject: Subject): subject is SubjectOf<K> =>
    kinds.some((kind) => kind === subject.kind);
  const nodes: readonly unknown[] = Array.isArray(selected) ? selected : [];
  const isAmong = argument === undefined || nodes.includes(argument);
  const all = nodes.flatMap((node) => (node instanceof TreeNode ? [node.row.subject] : []));
  return (isAmong && all.length > 0 ? all : givenBy(ctx, argument)).filter(isWanted);
}

/** What VS Code hands to a command that was chosen on a row. */
export interface Given {
  readonly argument: unknown;
  readonly selected: unknown;
}

function givenBy(ctx: Ctx, argument: unknown): readonly Subject[] {
  if (argument instanceof OnSubject) return [argument.subject];
  const nodes = argument instanceof TreeNode ? [argument] : selectedNodes(ctx);
  return nodes.map(({ row }) => row.subject);
}

function selectedNodes({ views }: Ctx): readonly TreeNode[] {
  return Object.values(views).flatMap(({ treeView }) =>
    treeView.visible ? treeView.selection : [],
  );
}
