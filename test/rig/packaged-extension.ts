import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { checkout, toolEnvironment } from "./prepare.mjs";
import { runQuietly } from "./quiet-command.mjs";
import { installExtension } from "./vscode-server.ts";

/** Packages what was built and installs it into a server's home: what runs is what a user gets. */
export async function installPackagedExtension(home: string): Promise<void> {
  const vsix = join(home, "terrarium.vsix");
  const script = join(checkout, "package.mjs");
  await mkdir(home, { recursive: true, mode: 0o700 });
  await runQuietly(["node", script, vsix], { cwd: checkout, env: toolEnvironment() });
  await installExtension(home, vsix);
  await rm(vsix);
}
