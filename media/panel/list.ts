/** A list whose elements stay what they are while the facts change: focus and selection are not lost. */
export interface KeyedList<T> {
  show(items: readonly T[]): void;
}

export interface KeyedElement<T> {
  readonly root: Element;
  show(item: T): void;
}

/**
 * `keyOf` tells items apart; an element is made once for each, moved to its place and shown the newest facts.
 * The first `above` children of the parent are not the list's.
 */
export function keyedList<T>(
  parent: Element,
  keyOf: (item: T) => string,
  make: (item: T) => KeyedElement<T>,
  above = 0,
): KeyedList<T> {
  let known = new Map<string, KeyedElement<T>>();
  return {
    show: (items) => {
      const next = new Map<string, KeyedElement<T>>();
      for (const item of items) {
        const key = keyOf(item);
        const shown = known.get(key) ?? make(item);
        shown.show(item);
        next.set(key, shown);
      }
      for (const [key, { root }] of known) if (!next.has(key)) root.remove();
      known = next;
      placeInOrder(
        parent,
        [...next.values()].map(({ root }) => root),
        above,
      );
    },
  };
}

/** Only what stands elsewhere is moved: an element that is moved loses the focus. */
function placeInOrder(parent: Element, roots: readonly Element[], above: number): void {
  roots.forEach((root, index) => {
    const at = above + index;
    if (parent.children[at] !== root) parent.insertBefore(root, parent.children[at] ?? null);
  });
}
