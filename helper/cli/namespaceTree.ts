import type { HostNamespace } from "../protocol/hostTables.ts";

interface Owned {
  readonly namespace: HostNamespace;
  readonly indent: string;
}

/**
 * Each below the user namespace that owns it, with the lines of tree(1) before it. What has no owner among these
 * stands at the left: the initial ones, and those whose owner the helper may not see.
 */
export function byOwner<Line extends Owned>(lines: readonly Line[]): readonly Line[] {
  const listed = new Set(lines.map(({ namespace }) => namespace.inode));
  const owned = new Map<number, Line[]>();
  const first: Line[] = [];
  for (const line of lines) {
    const owner = ownerOf(line.namespace);
    const others = owner === undefined || !listed.has(owner) ? first : (owned.get(owner) ?? []);
    others.push(line);
    if (owner !== undefined && others !== first) owned.set(owner, others);
  }
  return first.flatMap((line) => [line, ...below(line, "", owned)]);
}

/** A user namespace is owned by its parent: user_namespaces(7). */
function ownerOf({ type, parent, owner }: HostNamespace): number | undefined {
  return type === "user" ? parent : owner;
}

function below<Line extends Owned>(
  { namespace }: Line,
  indent: string,
  owned: ReadonlyMap<number, readonly Line[]>,
): readonly Line[] {
  if (namespace.type !== "user") return [];
  return (owned.get(namespace.inode) ?? []).flatMap((line, index, { length }) => {
    const [branch, trunk] = index === length - 1 ? ["└─ ", "   "] : ["├─ ", "│  "];
    const self = { ...line, indent: `${indent}${branch}` };
    return [self, ...below(line, `${indent}${trunk}`, owned)];
  });
}
