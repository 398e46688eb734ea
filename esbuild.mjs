// Bundles the TypeScript worlds.
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { basename, join } from "node:path";
import { build } from "esbuild";

const require = createRequire(import.meta.url);
const koffiAddon = require.resolve(
  `@koromix/koffi-linux-${process.arch}/linux_${process.arch}/koffi.node`,
);

const manifest = require("./package.json");

const common = {
  bundle: true,
  platform: "node",
  target: "node20",
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: "none",
  logLevel: "warning",
};

const programs = "dist/bin";

const [client] = await Promise.all([
  // An ES module, because only of those esbuild makes several files that share one copy of what they share:
  // `import()` in helper/main.ts says where. Node parses the whole of each file that it loads.
  build({
    ...common,
    format: "esm",
    splitting: true,
    entryPoints: { terrarium: "helper/main.ts" },
    outdir: programs,
    metafile: true,
    // vscode-jsonrpc is CommonJS.
    banner: {
      js: 'import{createRequire as requireFrom}from"node:module";const require=requireFrom(import.meta.url);',
    },
  }),
  // CommonJS: the field measured ES modules slower to load in the extension host.
  build({
    ...common,
    format: "cjs",
    entryPoints: ["extension/main.ts"],
    outfile: "dist/extension/main.cjs",
    external: ["vscode"],
  }),
]);
finishPrograms(Object.keys(client.metafile.outputs).map((path) => basename(path)));
// Without an extension the client's file is a module only where the nearest package.json says so.
writeFileSync("dist/package.json", JSON.stringify({ type: "module", version: manifest.version }));
mkdirSync("dist/native", { recursive: true });
// Renamed into place: writing into a file that a running helper has mapped would end it (SIGBUS).
const addon = join("dist", "native", "koffi.node");
copyFileSync(koffiAddon, `${addon}.new`);
renameSync(`${addon}.new`, addon);

/** The client gets its name, and the parts of earlier builds go. */
function finishPrograms(built) {
  for (const name of readdirSync(programs)) {
    if (!built.includes(name)) rmSync(join(programs, name));
  }
  renameSync(join(programs, "terrarium.js"), join(programs, "terrarium"));
  chmodSync(join(programs, "terrarium"), 0o755);
}
