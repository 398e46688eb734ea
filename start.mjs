// `npm start [-- DIR]`: from a fresh clone to VS Code with Terrarium in it. Runs before anything is
// installed, hence plain JavaScript and nothing but Node's own modules.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { checkout, prepare, projectNode } from "./test/rig/prepare.mjs";

const sampleWorkspace = join(checkout, "test", "editor", "workspace");

async function main() {
  const folder = resolve(process.argv[2] ?? sampleWorkspace);
  if (!existsSync(folder)) throw new Error(`There is no folder ${folder} to open.`);
  const desktop = findDesktopEditor(process.env);
  await prepare(desktop === undefined ? "server" : "build");
  if (desktop === undefined) {
    runInForeground(projectNode, [join(checkout, "test/rig/open-editor.ts"), folder]);
  } else {
    runInForeground(desktop, desktopArguments(folder));
  }
}

/**
 * Path of the desktop `code`, if it can open a window here. The `code` of a VS Code terminal
 * (remote, or in WSL) belongs to an editor on another machine, which cannot load this extension.
 */
function findDesktopEditor({ PATH = "", DISPLAY, WAYLAND_DISPLAY, WSL_DISTRO_NAME, ...others }) {
  if (!DISPLAY && !WAYLAND_DISPLAY) return undefined;
  if (WSL_DISTRO_NAME || others.VSCODE_IPC_HOOK_CLI) return undefined;
  return PATH.split(delimiter)
    .filter((folder) => folder !== "")
    .map((folder) => join(folder, "code"))
    .find((path) => existsSync(path));
}

function desktopArguments(folder) {
  const args = ["--wait", "--new-window", `--extensionDevelopmentPath=${checkout}`, folder];
  if (process.getuid() !== 0) return args;
  // VS Code refuses to run as root unless it is told where to keep its data, and not to sandbox.
  return ["--no-sandbox", `--user-data-dir=${join(checkout, ".vscode-test/desktop")}`, ...args];
}

/** Signals go to the child, which ends what it started; its end is ours. */
function runInForeground(program, args) {
  const child = spawn(program, args, { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => child.kill(signal));
  }
  child.on("error", fail);
  child.on("exit", (code) => process.exit(code ?? 1));
}

function fail(error) {
  process.stderr.write(`terrarium: ${error.message}\n`);
  process.exit(1);
}

main().catch(fail);
