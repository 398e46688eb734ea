// Bundles the TypeScript worlds. CommonJS: the field measured ESM slower to load in the extension host.
import { chmodSync, copyFileSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { build, transform } from "esbuild";

const require = createRequire(import.meta.url);
const koffiAddon = require.resolve(
  `@koromix/koffi-linux-${process.arch}/linux_${process.arch}/koffi.node`,
);

const manifest = require("./package.json");

const written = {
  platform: "node",
  target: "node20",
  minify: true,
  legalComments: "none",
  logLevel: "warning",
};
const common = { ...written, bundle: true };

/**
 * What esbuild makes of an `import * as vscode`: a copy of the whole API, a getter for each of its names. Sixty of them
 * were a third of what the extension takes to load, for an object that has no default export to be looked after.
 */
const copyOfTheApi = /[\w$]+\(require\("vscode"\)\)/g;

const programs = "dist/bin";
const extension = "dist/extension";

await Promise.all([
  buildInParts({ terrarium: "helper/main.ts" }, programs, {
    define: { "import.meta.dirname": "__dirname" },
  }),
  buildInParts({ main: "extension/main.ts" }, extension, { external: ["vscode"] }),
  build({
    ...common,
    platform: "browser",
    // Chromium of the oldest VS Code that we run in.
    target: "chrome128",
    format: "iife",
    entryPoints: { panel: "media/panel/main.ts", style: "media/panel/panel.css" },
    outdir: "dist/media",
  }),
]);
renameSync(join(programs, "terrarium.js"), join(programs, "terrarium"));
chmodSync(join(programs, "terrarium"), 0o755);
// Without an extension the client's file is CommonJS only where the nearest package.json says so.
writeFileSync("dist/package.json", JSON.stringify({ type: "commonjs", version: manifest.version }));
mkdirSync("dist/native", { recursive: true });
// The root helper's questions show it (helper/install).
copyFileSync("media/icons/icon.png", join("dist", "icon.png"));
// Renamed into place: writing into a file that a running helper has mapped would end it (SIGBUS).
const addon = join("dist", "native", "koffi.node");
copyFileSync(koffiAddon, `${addon}.new`);
renameSync(`${addon}.new`, addon);

/**
 * Cut where a file is imported when it is needed: Node parses the whole of each file that it loads. As CommonJS, because
 * an ES module that imports node:fs makes Node load streams, promises and readline with it.
 */
async function buildInParts(entryPoints, outdir, options) {
  // Only of ES modules esbuild makes several files that share one copy of what they share.
  const inParts = { format: "esm", splitting: true, write: false };
  const { outputFiles } = await build({ ...common, ...inParts, ...options, entryPoints, outdir });
  rmSync(outdir, { recursive: true, force: true });
  mkdirSync(outdir, { recursive: true });
  for (const { path, text } of outputFiles) {
    // What is imported later is required, too: import() would start Node's loader of ES modules.
    const later = { "dynamic-import": false };
    const { code } = await transform(text, { ...written, format: "cjs", supported: later });
    writeFileSync(path, code.replaceAll(copyOfTheApi, 'require("vscode")'));
  }
}
