import type { LogOutputChannel } from "vscode";
import type { Logger } from "vscode-jsonrpc/node";
import { printable } from "../../helper/protocol/printable.ts";

/** What JSON-RPC itself complains about, in our log. */
export function connectionLogger(log: LogOutputChannel): Logger {
  return {
    error: (message) => log.error(`connection: ${printable(message)}`),
    warn: (message) => log.warn(`connection: ${printable(message)}`),
    info: (message) => log.info(`connection: ${printable(message)}`),
    log: (message) => log.debug(`connection: ${printable(message)}`),
  };
}
