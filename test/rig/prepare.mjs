import { existsSync, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { withProgress } from "./progress.mjs";
import { runQuietly } from "./quiet-command.mjs";
import { installSystemPackages } from "./system-packages.mjs";

/**
 * From a fresh clone to a built product, by nothing but Node's own modules: this file runs before
 * the first package is installed, and under the Node that the user happens to have.
 */

export const checkout = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

const nodeModules = join(checkout, "node_modules");
const tools = join(nodeModules, ".bin");

/** The Node of the npm package `node`, which everything after the preparation runs under. */
export const projectNode = join(tools, "node");

/** The same environment with the project's own tools first on PATH, as npm scripts have it. */
export function toolEnvironment() {
  // With these a helper of root's would be for whoever has run the tests by sudo.
  const { SUDO_UID: _sudo, PKEXEC_UID: _pkexec, ...environment } = process.env;
  return { ...environment, PATH: [tools, ...foreignPath()].join(delimiter) };
}

/**
 * Installs packages and builds. Each step is left out when its result is there and current.
 *
 * @param {"build" | "server" | "test" | "bench"} job what the system packages are for
 */
export async function prepare(job) {
  assertSupported();
  await installSystemPackages(job);
  if (dependenciesAreStale()) {
    await withProgress("Installing dependencies (npm ci)", installDependencies);
  }
  await withProgress("Building Terrarium", build);
}

const oldestNode = 20;

function assertSupported() {
  if (process.platform !== "linux") {
    throw new Error(
      "Terrarium is made of Linux namespaces and cgroups: run it on Linux, or in a Linux remote.",
    );
  }
  const major = Number(process.versions.node.split(".")[0]);
  if (major < oldestNode) {
    throw new Error(`Node ${oldestNode} or newer is needed; this is ${process.version}.`);
  }
}

/** npm writes node_modules/.package-lock.json last, so an interrupted install lacks it. */
function dependenciesAreStale() {
  const installed = join(nodeModules, ".package-lock.json");
  if (!existsSync(installed) || !existsSync(projectNode)) return true;
  return statSync(join(checkout, "package-lock.json")).mtimeMs > statSync(installed).mtimeMs;
}

/** The Node that the user has may be older than some tools want; the tools run on the project's. */
const quietNpm = ["--no-audit", "--no-fund", "--loglevel=error"];

/** Without the project's own tools on PATH: npm must not run on the Node that it is replacing. */
function installDependencies() {
  const env = { ...process.env, PATH: foreignPath().join(delimiter) };
  return runQuietly(["npm", "ci", ...quietNpm], { cwd: checkout, env });
}

function build() {
  return runQuietly(["npm", "run", "build"], { cwd: checkout, env: toolEnvironment() });
}

function foreignPath() {
  return (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== tools);
}
