/** A folder of a shell's, and where it is for the editor; undefined: nowhere, as a tmpfs of its own. */
export interface Folder {
  readonly inside: string;
  readonly outside: string | undefined;
}

/** What a working directory below `inside` begins with for the editor. */
export interface FolderRule {
  /** Without a slash at its end: empty for the root. */
  readonly inside: string;
  readonly outside: string;
}

/** Below no process: pid 0 is nobody's, so that no file is ever found by it. */
export const nowhere = "/proc/0/root";

/** More than a variable should hold: then it is not said where anything is. */
const mostRules = 64;

/** The longest first, as a shell's `case` takes the first that matches; without what says the same as its parent. */
export function folderRules(folders: readonly Folder[]): readonly FolderRule[] {
  const kept: FolderRule[] = [{ inside: "", outside: nowhere }];
  const sorted = folders.map(plain).sort((a, b) => a.inside.length - b.inside.length);
  for (const folder of sorted) {
    const inside = withoutSlash(folder.inside);
    const outside =
      folder.outside === undefined ? `${nowhere}${inside}` : withoutSlash(folder.outside);
    if (placeOf(kept, inside) !== outside) kept.push({ inside, outside });
  }
  return kept.length > mostRules ? kept.slice(0, 1) : kept.reverse();
}

function placeOf(kept: readonly FolderRule[], path: string): string | undefined {
  const rule = kept.findLast(({ inside }) => path === inside || path.startsWith(`${inside}/`));
  return rule && `${rule.outside}${path.slice(rule.inside.length)}`;
}

function withoutSlash(path: string): string {
  return path === "/" ? "" : path;
}

/** One whose name cannot be told, or be a pattern: then of all below the folder around it nothing is known. */
function plain({ inside, outside }: Folder): Folder {
  if (!isPlain(inside)) {
    const around = inside.split("/");
    const first = around.findIndex((name) => !isPlain(name));
    return { inside: around.slice(0, first).join("/") || "/", outside: undefined };
  }
  return { inside, outside: isPlain(outside ?? "") ? outside : undefined };
}

/** At others terminals end a sequence, and shells a quotation; some stand for more than themselves. */
function isPlain(path: string): boolean {
  return !/[\p{Cc}';\\*?[]/u.test(path);
}
