import type { MappedPath } from "./definition.ts";

/** What may stand before a path in a program's output: it is not the middle of a longer one. */
const before = String.raw`(?<![\w./-])`;
/** And behind the part that is mapped. */
const behind = String.raw`(?=[/:\s'"()\]},;]|$)`;

/** A program's words with the paths inside in place of which stand those of the same files here. */
export function mapPaths(text: string, paths: readonly MappedPath[]): string {
  if (paths.length === 0) return text;
  const found = new RegExp(`${before}(${paths.map(pattern).join("|")})${behind}`, "gm");
  const places = new Map(paths.map(({ inside, here }) => [inside, here]));
  return text.replace(found, (path) => places.get(path) ?? path);
}

function pattern({ inside }: MappedPath): string {
  return inside.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

/** Takes output as it comes, and gives whole lines: a path may come in two parts. */
export class MappedOutput {
  readonly #paths: readonly MappedPath[];
  #rest = "";

  constructor(paths: readonly MappedPath[]) {
    this.#paths = paths;
  }

  /** What can be shown already. A line without end, as of a progress bar, is not waited for. */
  take(text: string): string {
    const all = this.#rest + text;
    const end = all.length > longestLine ? all.length : lastEnd(all) + 1;
    this.#rest = all.slice(end);
    return mapPaths(all.slice(0, end), this.#paths);
  }

  /** What was held back: at the end, or when nothing came for a while. */
  flush(): string {
    const rest = this.#rest;
    this.#rest = "";
    return mapPaths(rest, this.#paths);
  }
}

const longestLine = 16_384;

function lastEnd(text: string): number {
  return Math.max(text.lastIndexOf("\n"), text.lastIndexOf("\r"));
}
