import { realpathSync } from "node:fs";
import { dirname, isAbsolute, relative, resolve } from "node:path";
import { TerrariumError } from "../protocol/errors.ts";

/** True when `inner` is `outer` or below it. */
export function contains(outer: string, inner: string): boolean {
  const path = relative(outer, inner);
  return path === "" || (path !== ".." && !path.startsWith("../") && !isAbsolute(path));
}

/** The path without links; one that does not exist is itself. */
export function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/**
 * Refuses a path that goes through a folder and, by a link in there, out of it again. Whoever may write to the
 * folder chooses where it leads: a program in a sandbox would mount your home in the next one (CVE-2017-1002101).
 */
export function refuseLeadingOut(folder: string, paths: Iterable<string>): void {
  const place = realPath(folder);
  for (const path of paths) {
    const real = realPath(path);
    const goesThrough = ancestors(resolve(path)).some((above) => contains(place, realPath(above)));
    if (!goesThrough || contains(place, real)) continue;
    throw new TerrariumError("pathRefused", {
      path,
      reason: `a symbolic link in ${folder}, which a program in a sandbox may have put there, leads it to ${real}; name that path if you mean it`,
    });
  }
}

function ancestors(path: string): readonly string[] {
  const above = dirname(path);
  return above === path ? [] : [above, ...ancestors(above)];
}
