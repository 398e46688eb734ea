import { existsSync } from "node:fs";
import { join } from "node:path";

/**
 * The built `dist` directory: the bundle is `dist/bin/terrarium`, a source file run by Node itself
 * stands somewhere below `helper/`.
 */
function distribution(): string {
  let directory = import.meta.dirname;
  while (!existsSync(join(directory, "package.json"))) directory = join(directory, "..");
  return directory.endsWith("dist") ? directory : join(directory, "dist");
}

/** Full path of a file that `npm run build` leaves: `native/launcher`, `native/koffi.node`. */
export function installedFile(name: string): string {
  return join(distribution(), name);
}
