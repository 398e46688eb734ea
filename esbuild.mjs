// Bundles the TypeScript worlds. CommonJS: the field measured ESM slower to load in the extension host.
import { chmodSync, copyFileSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { build } from "esbuild";

const require = createRequire(import.meta.url);
const koffiAddon = require.resolve(
  `@koromix/koffi-linux-${process.arch}/linux_${process.arch}/koffi.node`,
);

const manifest = require("./package.json");

const common = {
  bundle: true,
  platform: "node",
  format: "cjs",
  target: "node20",
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: "none",
  logLevel: "warning",
};

const client = "dist/bin/terrarium";

await Promise.all([
  build({
    ...common,
    entryPoints: ["extension/main.ts"],
    outfile: "dist/extension/main.cjs",
    external: ["vscode"],
  }),
  build({
    ...common,
    entryPoints: ["helper/main.ts"],
    outfile: client,
    banner: { js: "#!/usr/bin/env node" },
    // CommonJS has no import.meta; helper/kernel/libc.ts finds the FFI addon beside the bundle by it.
    define: { "import.meta.dirname": "__dirname" },
  }),
]);
chmodSync(client, 0o755);
// Without an extension the client's file is CommonJS only where the nearest package.json says so.
writeFileSync("dist/package.json", JSON.stringify({ type: "commonjs", version: manifest.version }));
mkdirSync("dist/native", { recursive: true });
// Renamed into place: writing into a file that a running helper has mapped would end it (SIGBUS).
const addon = join("dist", "native", "koffi.node");
copyFileSync(koffiAddon, `${addon}.new`);
renameSync(`${addon}.new`, addon);
