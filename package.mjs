// `npm run package`: one VSIX for this machine's architecture, because the launcher and the FFI
// addon are native code. `npm run build` has to have run. An argument names another file to write.
import { createVSIX } from "@vscode/vsce";

const target = `linux-${process.arch}`;

await createVSIX({
  target,
  packagePath: process.argv[2] ?? `terrarium-${target}.vsix`,
  // esbuild bundled what is needed; node_modules stay out.
  dependencies: false,
  // The pictures of the README travel inside: there is no published place to link to.
  rewriteRelativeLinks: false,
  allowMissingRepository: true,
});
