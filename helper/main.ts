#!/usr/bin/env node
import { constants } from "node:os";
import { isatty } from "node:tty";
import { runCli } from "./cli/main.ts";
import type { HelperConnection } from "./protocol/methods.ts";
import { version } from "./version.ts";

/**
 * argv to one of three faces: the command line, a helper on stdio, a helper on a socket. What only one of
 * them needs is imported when it is known which: the build cuts the bundle there, and Node compiles less.
 */
async function main(words: readonly string[]): Promise<void> {
  const [face, ...rest] = words;
  if (face === "helper") return serveHelper(rest);
  const { socket, command } = takeSocket(words);
  process.exitCode = await runCli(command, {
    connect: () => connect(socket),
    installer: async () => (await import("./faces/install.ts")).openInstaller(),
    version,
    out: print,
    err: (text) => void process.stderr.write(`${text}\n`),
    // https://no-color.org. Not process.stdout.isTTY: Node would make a pipe non-blocking, for the command too.
    colours: isatty(1) && !process.env["NO_COLOR"],
    lineCells,
  });
}

/** Here process.stdout is first touched: by then no command is left that could inherit it non-blocking. */
function print(text: string): void {
  if (process.stdout.listenerCount("error", endUnheard) === 0) {
    process.stdout.once("error", endUnheard);
  }
  process.stdout.write(`${text}\n`);
}

/** Where somebody looks; a pipe gets whole lines, unless COLUMNS bounds them (environ(7)). */
function lineCells(): number | undefined {
  const asked = Number(process.env["COLUMNS"]);
  if (Number.isInteger(asked) && asked > 0) return asked;
  // A terminal that was not told its size has 0 columns.
  return (isatty(1) && process.stdout.columns) || undefined;
}

/** Whoever read has gone, as `| head` does: then others end by SIGPIPE, which Node ignores. */
function endUnheard(error: NodeJS.ErrnoException): never {
  if (error.code === "EPIPE") process.exit(128 + constants.signals.SIGPIPE);
  process.stderr.write(`terrarium: standard output: ${error.code}\n`);
  process.exit(125);
}

async function serveHelper([mode, path]: readonly string[]): Promise<void> {
  const { serveStdio, serveSocket, serveSystemd } = await import("./faces/serve.ts");
  if (mode === "--stdio") return serveStdio();
  if (mode === "--socket") return serveSocket(path);
  if (mode === "--systemd") return serveSystemd();
  throw new Error("helper needs --stdio, --socket [PATH] or --systemd.");
}

async function connect(socket: string | undefined): Promise<HelperConnection> {
  if (socket) return (await import("./faces/remote.ts")).connectRemote(socket);
  return (await import("./faces/here.ts")).connectHere();
}

/** `--helper SOCKET` before the command, or TERRARIUM_HELPER, names a helper that runs already. */
function takeSocket(words: readonly string[]): {
  socket: string | undefined;
  command: readonly string[];
} {
  const [first, path, ...rest] = words;
  if (first === "--helper" && path) return { socket: path, command: rest };
  return { socket: process.env["TERRARIUM_HELPER"], command: words };
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`terrarium: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 125;
});
