import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * A look into the editor's extension host from the outside, which needs nothing in the extension: Node opens an
 * inspector for who sends it SIGUSR1.
 */

/** The protocol's own port, which Node takes where it was told no other. */
const address = "http://127.0.0.1:9229/json/list";

export interface Inspector {
  /** The value of an expression in the process. */
  evaluate(expression: string): Promise<unknown>;
  send(method: string, parameters?: Readonly<Record<string, unknown>>): Promise<unknown>;
  close(): void;
}

export async function inspectExtensionHost(): Promise<Inspector> {
  const pid = await extensionHost();
  process.kill(pid, "SIGUSR1");
  const socket = new WebSocket(await debuggerUrl());
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve);
    socket.addEventListener("error", reject);
  });
  return talk(socket);
}

async function extensionHost(): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    // Of a window that was reloaded the one before may still be ending.
    const found = readdirSync("/proc").filter(isExtensionHost).map(Number);
    if (found.length > 0) return Math.max(...found);
    await sleep(50);
  }
  throw new Error("there is no extension host");
}

function isExtensionHost(pid: string): boolean {
  if (!/^\d+$/.test(pid)) return false;
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("--type=extensionHost");
  } catch {
    return false;
  }
}

async function debuggerUrl(): Promise<string> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const answer = await fetch(address).then(
      (response) => response.text(),
      () => "",
    );
    const url = /"webSocketDebuggerUrl": "([^"]+)"/.exec(answer)?.[1];
    if (url !== undefined) return url;
    await sleep(50);
  }
  throw new Error(`nobody answers at ${address}`);
}

function talk(socket: WebSocket): Inspector {
  const waiting = new Map<number, (answer: { result?: unknown; error?: unknown }) => void>();
  let count = 0;
  socket.addEventListener("message", ({ data }) => {
    const answer = JSON.parse(String(data));
    waiting.get(answer.id)?.(answer);
    waiting.delete(answer.id);
  });
  const send: Inspector["send"] = (method, parameters = {}) =>
    new Promise((resolve, reject) => {
      count += 1;
      waiting.set(count, ({ result, error }) =>
        error ? reject(new Error(JSON.stringify(error))) : resolve(result),
      );
      socket.send(JSON.stringify({ id: count, method, params: parameters }));
    });
  return {
    send,
    evaluate: async (expression) => {
      const options = { expression, awaitPromise: true, returnByValue: true };
      const answer = JSON.parse(JSON.stringify(await send("Runtime.evaluate", options)));
      if (answer.exceptionDetails) throw new Error(JSON.stringify(answer.exceptionDetails));
      return answer.result.value;
    },
    close: () => socket.close(),
  };
}
