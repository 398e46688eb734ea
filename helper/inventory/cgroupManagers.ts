/** Who made a cgroup, by how its path is written. The first row that fits tells; `$1` is what was found. */
interface Pattern {
  readonly path: RegExp;
  readonly manager: string;
}

const patterns: readonly Pattern[] = [
  // helper/limits/places.ts.
  { path: /^\/(?:.*\/)?terrarium\/[^/]+/, manager: "Terrarium" },
];

export function managerOf(path: string): string | undefined {
  return patterns.find((pattern) => pattern.path.test(path))?.manager;
}
