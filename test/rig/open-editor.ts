import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { cache } from "./cache.ts";
import { installPackagedExtension } from "./packaged-extension.ts";
import { pageAddress } from "./page-address.ts";
import { checkout } from "./prepare.mjs";
import { withProgress } from "./progress.mjs";
import { calmSettings } from "./settings.ts";
import { installVscodeServer } from "./vscode-install.ts";
import { startVscodeServer, type VscodeServer } from "./vscode-server.ts";

/** The second half of `npm start`: a VS Code server in the foreground until Ctrl-C. */

const endingSignals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

async function main(): Promise<void> {
  const sample = join(checkout, "test", "editor", "workspace");
  const folder = resolve(process.argv[2] ?? sample);
  if (!existsSync(folder)) throw new Error(`there is no folder ${folder} to open`);
  // The sample is ours; of a folder of yours VS Code asks whether you trust it.
  const asksForTrust = folder !== sample;
  const home = join(cache, asksForTrust ? "start" : "start-sample");
  const settings = { ...calmSettings, "security.workspace.trust.enabled": asksForTrust };
  await installVscodeServer();
  await withProgress("Installing Terrarium into it", () => installPackagedExtension(home));
  const server = await startVscodeServer({ home, settings });
  stopOnSignals(server);
  // Its children, of which the file watcher outlives it, are ended before this process is.
  server.process.on("exit", (code) => void server.stop().then(() => process.exit(code ?? 0)));
  process.stdout.write(`\nVS Code with Terrarium is ready; Ctrl-C ends it. Open\n`);
  process.stdout.write(`${pageAddress(server, { folder })}\n`);
}

function stopOnSignals(server: VscodeServer): void {
  for (const signal of endingSignals) {
    process.on(signal, () => void server.stop().then(() => process.exit(0)));
  }
}

main().catch((error: Error) => {
  process.stderr.write(`terrarium: ${error.message}\n`);
  process.exitCode = 1;
});
