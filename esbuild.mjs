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

const programs = "dist/bin";

const [client] = await Promise.all([
  build({
    ...common,
    // Only of ES modules esbuild makes several files that share one copy of what they share.
    format: "esm",
    splitting: true,
    entryPoints: { terrarium: "helper/main.ts" },
    outdir: programs,
    write: false,
    define: { "import.meta.dirname": "__dirname" },
  }),
  build({
    ...common,
    format: "cjs",
    entryPoints: ["extension/main.ts"],
    outfile: "dist/extension/main.cjs",
    external: ["vscode"],
  }),
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
await writePrograms(client.outputFiles);
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
 * The client, cut where helper/main.ts imports a face: Node parses the whole of each file that it loads. As
 * CommonJS, because an ES module that imports node:fs makes Node load streams, promises and readline with it.
 */
async function writePrograms(files) {
  rmSync(programs, { recursive: true, force: true });
  mkdirSync(programs, { recursive: true });
  for (const { path, text } of files) {
    const { code } = await transform(text, { ...written, format: "cjs" });
    writeFileSync(path, code);
  }
  renameSync(join(programs, "terrarium.js"), join(programs, "terrarium"));
  chmodSync(join(programs, "terrarium"), 0o755);
}
