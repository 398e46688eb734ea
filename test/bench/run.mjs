// `npm run bench [-- ROW…]`: from a fresh clone to a table. This half runs on the user's own Node and
// installs what is missing, the peers included; bench.ts does the rest on the project's Node.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { checkout, prepare, projectNode, toolEnvironment } from "../rig/prepare.mjs";

try {
  await prepare("bench");
} catch (error) {
  process.stderr.write(`terrarium: ${error.message}\n`);
  process.exit(1);
}

const bench = spawn(
  projectNode,
  [join(checkout, "test/bench/bench.ts"), ...process.argv.slice(2)],
  {
    cwd: checkout,
    stdio: ["ignore", "inherit", "inherit"],
    env: toolEnvironment(),
  },
);
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => bench.kill(signal));
}
bench.on("exit", (code) => process.exit(code ?? 1));
