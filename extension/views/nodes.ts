import type { Row } from "./row.ts";

/** A row's place in a tree. It outlives the reports: the row in it is replaced, the node stays. */
export class TreeNode {
  row: Row;
  readonly parent: TreeNode | undefined;
  /** Absent until somebody opened the node. */
  children: readonly TreeNode[] | undefined;

  constructor(row: Row, parent: TreeNode | undefined) {
    this.row = row;
    this.parent = parent;
  }

  /** Makes the children on first use. */
  open(): readonly TreeNode[] {
    this.children ??= (this.row.children?.() ?? []).map((row) => new TreeNode(row, this));
    return this.children;
  }
}

/**
 * Puts new rows into the nodes of one list, keeping the node of every id that stays.
 * `listChanged` says whether the list itself is another; `changed` are the smallest nodes below it
 * that must be drawn again. Only opened nodes are looked into.
 */
export function updateNodes(
  old: readonly TreeNode[],
  rows: readonly Row[],
  parent: TreeNode | undefined,
): { nodes: readonly TreeNode[]; listChanged: boolean; changed: readonly TreeNode[] } {
  const known = new Map(old.map((node) => [node.row.id, node]));
  const changed: TreeNode[] = [];
  const nodes = rows.map((row) => {
    const node = known.get(row.id);
    if (!node) return new TreeNode(row, parent);
    changed.push(...updateNode(node, row));
    return node;
  });
  const listChanged = nodes.length !== old.length || nodes.some((node, at) => node !== old[at]);
  return { nodes, listChanged, changed };
}

/** Drawing a node again draws everything below it, so a changed node stands for its descendants. */
function updateNode(node: TreeNode, row: Row): readonly TreeNode[] {
  if (node.row === row && !node.children) return [];
  const looksDifferent = !looksTheSame(node.row, row);
  node.row = row;
  if (!node.children) return looksDifferent ? [node] : [];
  const below = updateNodes(node.children, row.children?.() ?? [], node);
  node.children = row.children ? below.nodes : undefined;
  return looksDifferent || below.listChanged ? [node] : below.changed;
}

function looksTheSame(a: Row, b: Row): boolean {
  return (
    a.label === b.label &&
    a.description === b.description &&
    a.spoken === b.spoken &&
    a.icon.codicon === b.icon.codicon &&
    a.icon.color === b.icon.color &&
    a.isFrozen === b.isFrozen &&
    a.alerts === b.alerts &&
    a.tokens.join() === b.tokens.join() &&
    (a.children === undefined) === (b.children === undefined)
  );
}

/** The node of a row id, opening those on the way: an id begins with its parent's and a slash. */
export function findNode(nodes: readonly TreeNode[], id: string): TreeNode | undefined {
  for (const node of nodes) {
    if (node.row.id === id) return node;
    if (id.startsWith(`${node.row.id}/`)) return findNode(node.open(), id);
  }
  return undefined;
}
