import assert from "node:assert/strict";
import { test } from "node:test";
import { findNode, type TreeNode, updateNodes } from "../../extension/views/nodes.ts";
import type { Row } from "../../extension/views/row.ts";

function row(id: string, description: string, children?: readonly Row[]): Row {
  return {
    id,
    label: id,
    description,
    icon: { codicon: "circle" },
    tokens: ["group"],
    subject: { kind: "group" },
    spoken: id,
    card: () => ({ title: id, facts: [] }),
    ...(children && { children: () => children }),
  };
}

/** A tree whose every node was opened, as in a view where everything is expanded. */
function opened(rows: readonly Row[]): readonly TreeNode[] {
  const { nodes } = updateNodes([], rows, undefined);
  const openAll = (node: TreeNode): void => node.open().forEach(openAll);
  nodes.forEach(openAll);
  return nodes;
}

const ids = (nodes: readonly TreeNode[]) => nodes.map(({ row: { id } }) => id);

const tree = (leaf: string, ...more: readonly Row[]) => [
  row("a", "", [row("a/1", leaf, [row("a/1/x", "")]), row("a/2", "")]),
  row("b", "", [row("b/1", ""), ...more]),
];

test("the same report draws nothing again", () => {
  const { listChanged, changed } = updateNodes(opened(tree("one")), tree("one"), undefined);
  assert.deepEqual({ listChanged, changed: ids(changed) }, { listChanged: false, changed: [] });
});

test("a changed leaf draws only itself again", () => {
  const { listChanged, changed } = updateNodes(opened(tree("one")), tree("two"), undefined);
  assert.deepEqual(
    { listChanged, changed: ids(changed) },
    { listChanged: false, changed: ["a/1"] },
  );
});

test("a child that comes or goes draws its parent again, not the whole tree", () => {
  const grown = tree("one", row("b/2", ""));
  const nodes = opened(tree("one"));
  const more = updateNodes(nodes, grown, undefined);
  assert.deepEqual(
    { list: more.listChanged, changed: ids(more.changed) },
    { list: false, changed: ["b"] },
  );
  const less = updateNodes(more.nodes, tree("one"), undefined);
  assert.deepEqual(
    { list: less.listChanged, changed: ids(less.changed) },
    { list: false, changed: ["b"] },
  );
});

test("a change below a row that nobody opened draws nothing again", () => {
  const { nodes } = updateNodes([], tree("one"), undefined);
  assert.deepEqual(ids(updateNodes(nodes, tree("two"), undefined).changed), []);
});

test("a row that stays keeps its node, with the new facts in it", () => {
  const before = opened(tree("one"));
  const kept = findNode(before, "a/1");
  const { nodes } = updateNodes(before, tree("two", row("b/0", "")), undefined);
  assert.equal(findNode(nodes, "a/1"), kept);
  assert.equal(kept?.row.description, "two");
});

test("a root that comes or goes changes the list and leaves the other nodes in place", () => {
  const before = opened(tree("one"));
  const { nodes, listChanged } = updateNodes(before, tree("one").slice(1), undefined);
  assert.deepEqual({ listChanged, ids: ids(nodes) }, { listChanged: true, ids: ["b"] });
  assert.equal(nodes[0], before[1]);
});

test("a row that loses its children becomes a leaf, and may get children again", () => {
  const before = opened([row("a", "", [row("a/1", "")])]);
  const leaf = updateNodes(before, [row("a", "")], undefined);
  assert.deepEqual(ids(leaf.changed), ["a"]);
  const again = updateNodes(leaf.nodes, [row("a", "", [row("a/2", "")])], undefined);
  assert.deepEqual(ids(again.nodes[0]?.open() ?? []), ["a/2"]);
});

test("a row is found by its id below rows that nobody opened", () => {
  const { nodes } = updateNodes([], tree("one"), undefined);
  const found = findNode(nodes, "a/1/x");
  assert.deepEqual([found?.row.id, found?.parent?.row.id], ["a/1/x", "a/1"]);
  assert.equal(findNode(nodes, "a/9"), undefined);
});
