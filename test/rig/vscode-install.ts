import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { cache } from "./cache.ts";
import { toolEnvironment } from "./prepare.mjs";
import { withProgress } from "./progress.mjs";
import { runQuietly } from "./quiet-command.mjs";

/**
 * A complete VS Code server, workbench and extension host, from the npm package `code-server`. It
 * is a tool of the rig, installed on demand into a git-ignored folder, never a dependency.
 */

const version = "4.139.1";

const home = join(cache, `code-server-${version}`);

/** The server's entry point inside an installation. */
const server = join("node_modules", "code-server", "lib", "vscode");

/**
 * Installs the server unless it is there.
 *
 * @returns absolute path of the VS Code server's folder (the one that holds `out/server-main.js`)
 */
export async function installVscodeServer(): Promise<string> {
  if (!existsSync(home)) {
    await withProgress(`Installing a VS Code server (code-server ${version})`, installAtomically);
  }
  return join(home, server);
}

/** Installed beside its place and renamed: a folder of that name is always a finished one. */
async function installAtomically(): Promise<void> {
  await removeUnfinished();
  const partial = `${home}.partial-${process.pid}`;
  await mkdir(partial, { recursive: true });
  try {
    await install(partial);
    await rename(partial, home);
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    // Somebody else's installation may have got there first, and is as good as ours.
    if (!existsSync(home)) throw error;
  }
}

/** Terminals, logging, and an extension host that ends when its server does. */
const neededModules = ["node-pty", "@vscode/spdlog", "@vscode/native-watchdog"] as const;

/**
 * A plain install compiles ten native modules, one of which needs four more Debian packages. The
 * few that are needed take a quarter of the time; the server only logs that it lacks the others
 * (keyring, Kerberos, SQLite).
 */
async function install(folder: string): Promise<void> {
  const vscode = join(folder, server);
  await writeFile(join(folder, "package.json"), '{ "private": true }\n');
  await npm(folder, ["install", `code-server@${version}`, "--ignore-scripts"]);
  await Promise.all([
    npm(vscode, ["install", "--omit=dev", "--ignore-scripts"]),
    npm(join(vscode, "extensions"), ["install", "--omit=dev", "--ignore-scripts"]),
  ]);
  await npm(vscode, ["rebuild", ...neededModules]);
}

async function npm(cwd: string, args: readonly string[]): Promise<void> {
  const env = { ...toolEnvironment(), JOBS: "max", ...installedHeaders() };
  await runQuietly(["npm", ...args, "--no-audit", "--no-fund", "--loglevel=error"], { cwd, env });
}

/**
 * The headers of the user's own Node, if they came with it; else node-gyp downloads some. Both
 * modules are written against Node-API, so that the headers of any version fit.
 */
function installedHeaders(): { npm_config_nodedir?: string } {
  const prefix = (process.env["PATH"] ?? "")
    .split(delimiter)
    .filter((folder) => existsSync(join(folder, "node")))
    .map((folder) => dirname(folder))
    .find((candidate) => existsSync(join(candidate, "include", "node", "node_api.h")));
  return prefix === undefined ? {} : { npm_config_nodedir: prefix };
}

/** What an installer left that was killed. One that still works on its folder is left alone. */
async function removeUnfinished(): Promise<void> {
  await mkdir(cache, { recursive: true });
  for (const name of await readdir(cache)) {
    const owner = /\.partial-(\d+)$/.exec(name)?.[1];
    if (owner === undefined || existsSync(`/proc/${owner}`)) continue;
    await rm(join(cache, name), { recursive: true, force: true });
  }
}
