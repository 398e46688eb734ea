// `npm test [-- SUITE…]`: from a fresh clone to test results. This half runs on the user's own Node
// and installs what is missing; suites.ts does the rest on the project's Node.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { checkout, prepare, projectNode, toolEnvironment } from "./rig/prepare.mjs";

try {
  await prepare("test");
} catch (error) {
  process.stderr.write(`terrarium: ${error.message}\n`);
  process.exit(1);
}

const suites = spawn(projectNode, [join(checkout, "test/suites.ts"), ...process.argv.slice(2)], {
  cwd: checkout,
  stdio: ["ignore", "inherit", "inherit"],
  env: toolEnvironment(),
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => suites.kill(signal));
}
suites.on("exit", (code) => process.exit(code ?? 1));
