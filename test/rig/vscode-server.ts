import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { lchown, mkdir, readdir, writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { endProcessGroup } from "./process-group.ts";
import { runQuietly } from "./quiet-command.mjs";
import { installVscodeServer } from "./vscode-install.ts";

/** A VS Code server that listens on loopback, behind a secret that only its starter knows. */
export interface VscodeServer {
  /** host:port, as it stands in URLs and in `vscode-remote://` addresses. */
  readonly authority: string;
  readonly token: string;
  readonly process: ChildProcess;
  /** Ends the server and all that it started. */
  stop(): Promise<void>;
}

export interface ServerOptions {
  /** Folder for settings, state, logs and installed extensions; made when absent. */
  readonly home: string;
  /** User settings, written when the folder has none. */
  readonly settings: Readonly<Record<string, unknown>>;
  /**
   * Lets the page's payload name an extension to load from its sources, and tests to run in it; a
   * built VS Code ignores both without this. It also keeps notifications from being shown.
   */
  readonly smokeTestDriver?: boolean;
  /** Whose server it is, and so the extension host's and the terminals'; who runs the tests, if absent. */
  readonly user?: number | undefined;
}

/** On a server the setting alone does not turn trust off. */
const trustSetting = "security.workspace.trust.enabled";

/** Starts a server on a port that the kernel chooses and waits until it listens. */
export async function startVscodeServer(options: ServerOptions): Promise<VscodeServer> {
  const vscode = await installVscodeServer();
  const token = randomBytes(24).toString("hex");
  const serverArguments = await prepareHome(options, token);
  const { user } = options;
  if (user !== undefined) await giveAway(options.home, user);
  const child = spawn(process.execPath, [mainScript(vscode), ...serverArguments], {
    ...(user !== undefined && { uid: user, gid: user }),
    // A group of its own, so that one signal reaches all that it starts.
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...cleanEnvironment(process.env), ...(user !== undefined && { HOME: options.home }) },
  });
  const stop = async () => {
    if (child.pid !== undefined) await endProcessGroup(child.pid);
  };
  try {
    const port = await listeningPort(child);
    return { authority: `127.0.0.1:${port}`, token, process: child, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Installs a packaged extension into a server's home, in the place of an earlier one. */
export async function installExtension(home: string, vsix: string): Promise<void> {
  const vscode = await installVscodeServer();
  const install = [mainScript(vscode), ...folders(home), "--force", "--install-extension", vsix];
  await runQuietly([process.execPath, ...install], { env: cleanEnvironment(process.env) });
}

function mainScript(vscode: string): string {
  return join(vscode, "out", "server-main.js");
}

function folders(home: string): string[] {
  return [
    `--user-data-dir=${join(home, "user")}`,
    `--server-data-dir=${join(home, "data")}`,
    `--extensions-dir=${join(home, "extensions")}`,
    "--accept-server-license-terms",
  ];
}

async function prepareHome(options: ServerOptions, token: string): Promise<string[]> {
  const settings = ["User", "Machine"].map((whose) =>
    join(options.home, "user", whose, "settings.json"),
  );
  const tokenFile = join(options.home, "token");
  // Of a server's window a setting of scope "machine" is read from the second alone.
  for (const file of settings) await writeNew(file, JSON.stringify(options.settings, null, 2));
  // A file and not an argument: every user of the machine may read a command line.
  await writeFile(tokenFile, token, { mode: 0o600 });
  return [
    ...folders(options.home),
    "--host=127.0.0.1",
    "--port=0",
    `--connection-token-file=${tokenFile}`,
    "--telemetry-level=off",
    ...(options.settings[trustSetting] === true ? [] : ["--disable-workspace-trust"]),
    ...(options.smokeTestDriver ? ["--enable-smoke-test-driver"] : []),
  ];
}

async function giveAway(folder: string, user: number): Promise<void> {
  const names = await readdir(folder, { recursive: true });
  for (const path of [folder, ...names.map((name) => join(folder, name))])
    await lchown(path, user, user);
}

async function writeNew(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  if (!existsSync(file)) await writeFile(file, text);
}

/**
 * Without what npm and an outer VS Code add: it would reach every terminal of the server, and the
 * outer editor's sockets would be within its reach.
 */
function cleanEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = Object.entries(environment).filter(
    ([name]) => !/^(npm_|VSCODE_|ELECTRON_|NODE_|INIT_CWD$)/i.test(name),
  );
  return { ...Object.fromEntries(kept), PATH: pathWithoutNpm(environment["PATH"] ?? "") };
}

function pathWithoutNpm(path: string): string {
  const added = /\/node_modules\/\.bin$|\/node-gyp-bin$/;
  return path
    .split(delimiter)
    .filter((folder) => !added.test(folder))
    .join(delimiter);
}

/** The server prints the port that it got. An exit before that is an error with its last words. */
function listeningPort(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let output = "";
    const read = (chunk: Buffer) => {
      if (output.length < 65_536) output += chunk.toString();
      const port = /agent listening on (\d+)/.exec(output)?.[1];
      if (port !== undefined) resolve(Number(port));
    };
    child.stdout?.on("data", read);
    child.stderr?.on("data", read);
    child.once("error", reject);
    child.once("exit", (code, signal) => {
      reject(new Error(`the VS Code server ended (${signal ?? code}):\n${output}`));
    });
  });
}
