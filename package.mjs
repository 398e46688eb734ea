// `npm run package`: one VSIX for this machine's architecture, because the launcher and the FFI
// addon are native code. `npm run build` has to have run.
import { createVSIX } from "@vscode/vsce";

const target = `linux-${process.arch}`;

await createVSIX({
  target,
  packagePath: `terrarium-${target}.vsix`,
  // esbuild bundled what is needed; node_modules stay out.
  dependencies: false,
  allowMissingRepository: true,
});
