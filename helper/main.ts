import { connect as connectSocket } from "node:net";
import { PassThrough } from "node:stream";
import { connectClient } from "./cli/connect.ts";
import { runCli } from "./cli/main.ts";
import { TerrariumError } from "./protocol/errors.ts";
import type { HelperConnection } from "./protocol/methods.ts";
import { openSandboxHost } from "./sandboxes/host.ts";
import { auditToStderr, noAudit } from "./server/audit.ts";
import { serve } from "./server/connection.ts";
import { isServedBy, listen } from "./server/socket.ts";
import { version } from "./version.ts";

/** argv to one of three faces: the command line, a helper on stdio, a helper on a socket. */
async function main(words: readonly string[]): Promise<void> {
  const [face, mode, path] = words;
  if (face === "helper" && mode === "--stdio") return serveStdio();
  if (face === "helper" && mode === "--socket" && path) return serveSocket(path);
  if (face === "helper") throw new Error("helper needs --stdio or --socket PATH.");
  const { socket, rest } = takeSocket(words);
  process.exitCode = await runCli(rest, {
    connect: () => (socket ? connectTo(socket) : connectHere()),
    version,
    out: (text) => void process.stdout.write(`${text}\n`),
    err: (text) => void process.stderr.write(`${text}\n`),
  });
}

/** The editor's helper: lives exactly as long as its standard input. */
function serveStdio(): void {
  const host = openSandboxHost();
  const { stdin: input, stdout: output } = process;
  serve(host, { uid: host.asker.uid }, { input, output }, auditToStderr);
  input.once("close", () => process.exit());
}

async function serveSocket(path: string): Promise<void> {
  const server = await listen(openSandboxHost(), path, auditToStderr);
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      server.close();
      process.exit();
    });
  }
}

/** No daemon is needed: the client and the helper are this one process, and speak the same protocol. */
function connectHere(): Promise<HelperConnection> {
  const host = openSandboxHost();
  const toHelper = new PassThrough();
  const toClient = new PassThrough();
  serve(host, { uid: host.asker.uid }, { input: toHelper, output: toClient }, noAudit);
  return connectClient({ input: toClient, output: toHelper }, `terrarium ${version()}`);
}

function connectTo(path: string): Promise<HelperConnection> {
  return new Promise((resolve, reject) => {
    const socket = connectSocket(path);
    socket.once("connect", () => {
      if (isServedBy(socket, process.geteuid?.() ?? 0)) {
        resolve(connectClient(socket, `terrarium ${version()}`));
        return;
      }
      socket.destroy();
      reject(new TerrariumError("pathRefused", { path, reason: "another user listens there" }));
    });
    socket.once("error", ({ message }) =>
      reject(
        new TerrariumError("pathRefused", { path, reason: `no helper answers there (${message})` }),
      ),
    );
  });
}

/** `--helper SOCKET` before the command, or TERRARIUM_HELPER, names a helper that runs already. */
function takeSocket(words: readonly string[]): {
  socket: string | undefined;
  rest: readonly string[];
} {
  const [first, path, ...rest] = words;
  if (first === "--helper" && path) return { socket: path, rest };
  return { socket: process.env["TERRARIUM_HELPER"], rest: words };
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`terrarium: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 125;
});
