import { basename, join } from "node:path";

/** The build that this is a part of: bundles lie in its `bin`, a source file that Node runs by itself in helper/. */
export function installedDirectory(): string {
  const isBundle = basename(import.meta.dirname) === "bin";
  return join(import.meta.dirname, "..", isBundle ? "" : "dist");
}

/** Full path of a file that `npm run build` leaves: `native/launcher`, `native/koffi.node`. */
export function installedFile(name: string): string {
  return join(installedDirectory(), name);
}
