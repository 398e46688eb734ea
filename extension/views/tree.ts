import * as vscode from "vscode";
import { cardMarkdown, treeItem } from "./item.ts";
import { findNode, type TreeNode, updateNodes } from "./nodes.ts";
import type { Row } from "./row.ts";

/** Serves rows to a tree view and tells it of the smallest parts that changed. */
export class RowTree implements vscode.TreeDataProvider<TreeNode>, vscode.Disposable {
  /** Weak: nodes go with their rows. */
  readonly #collapsed = new WeakSet<TreeNode>();
  readonly #changed = new vscode.EventEmitter<TreeNode | readonly TreeNode[] | undefined>();
  #roots: readonly TreeNode[] = [];
  readonly #opened = new vscode.EventEmitter<Row>();
  readonly #shown = new vscode.EventEmitter<void>();
  #markReady: () => void = () => undefined;
  #isReady = false;

  /** Other rows were put in. */
  readonly onDidShow = this.#shown.event;

  /** The children of a row are asked for: also after a reload, where VS Code tells of no opening. */
  readonly onDidOpen = this.#opened.event;

  /** Resolves with the first rows; until then the view shows its progress bar, not its welcome text. */
  readonly ready = new Promise<void>((resolve) => {
    this.#markReady = resolve;
  });

  readonly onDidChangeTreeData = this.#changed.event as vscode.Event<
    TreeNode | TreeNode[] | undefined
  >;

  /** Puts whole new rows in. */
  show(rows: readonly Row[]): void {
    const { nodes, listChanged, changed } = updateNodes(this.#roots, rows, undefined);
    this.#roots = nodes;
    this.#isReady = true;
    this.#markReady();
    if (listChanged) this.#changed.fire(undefined);
    else if (changed.length > 0) this.#changed.fire(changed);
    this.#shown.fire();
  }

  get isEmpty(): boolean {
    return this.#roots.length === 0;
  }

  /** The view shows rows, and no longer its progress bar. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** A node was opened, or closed again. */
  setOpen(node: TreeNode, open: boolean): void {
    if (open) this.#collapsed.delete(node);
    else this.#collapsed.add(node);
  }

  /** The rows that are not hidden in a closed node. */
  shown(): readonly Row[] {
    return shownIn(this.#roots, this.#collapsed);
  }

  /** Those that a filter keeps for what is below them, the outermost only; the first ones. */
  onTheWay(most: number): readonly TreeNode[] {
    return this.#roots.filter(({ row }) => row.isOnTheWay).slice(0, most);
  }

  find(id: string): TreeNode | undefined {
    return findNode(this.#roots, id);
  }

  getTreeItem(node: TreeNode): vscode.TreeItem {
    return treeItem(node);
  }

  async getChildren(node?: TreeNode): Promise<TreeNode[]> {
    if (node) {
      this.#opened.fire(node.row);
      return [...node.open()];
    }
    await this.ready;
    return [...this.#roots];
  }

  getParent(node: TreeNode): TreeNode | undefined {
    return node.parent;
  }

  resolveTreeItem(item: vscode.TreeItem, node: TreeNode): vscode.TreeItem {
    item.tooltip = cardMarkdown(node.row.card());
    return item;
  }

  dispose(): void {
    this.#changed.dispose();
    this.#opened.dispose();
    this.#shown.dispose();
    this.#markReady();
  }
}

/** Children are made when a node is opened for the first time. */
function shownIn(nodes: readonly TreeNode[], collapsed: WeakSet<TreeNode>): readonly Row[] {
  return nodes.flatMap((node) => [
    node.row,
    ...(collapsed.has(node) ? [] : shownIn(node.children ?? [], collapsed)),
  ]);
}
