import { readFileSync } from "node:fs";
import { installedFile } from "./installation.ts";

/** The version of this build, as `npm run build` noted it beside the bundle. */
export function version(): string {
  const manifest: { readonly version?: string } = JSON.parse(
    readFileSync(installedFile("package.json"), "utf8"),
  );
  return manifest.version ?? "0.0.0";
}
