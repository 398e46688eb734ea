import { ErrorCodes, type MessageConnection, ResponseError } from "vscode-jsonrpc/node";
import { fromWireError, TerrariumError } from "./errors.ts";
import type {
  HelperConnection,
  MethodName,
  NotificationName,
  Notifications,
  ParameterInput,
  Results,
} from "./methods.ts";
import { asSent } from "./sent.ts";

/** The client's end of the protocol, for the editor and the command line. Owns the JSON-RPC connection, not what carries it. */
export class Connection implements HelperConnection {
  readonly #rpc: MessageConnection;
  readonly #closeListeners: (() => void)[] = [];
  #closed = false;

  constructor(rpc: MessageConnection) {
    this.#rpc = rpc;
    rpc.onClose(() => this.#close());
    rpc.listen();
  }

  /** Rejects with a TerrariumError: the helper's own, `invalidRequest` when too long, or `helperFailed` when it went away. */
  async request<M extends MethodName>(
    method: M,
    parameters: ParameterInput<M>,
  ): Promise<Results[M]> {
    if (this.#closed) throw helperGone();
    asSent(parameters);
    try {
      return await this.#rpc.sendRequest<Results[M]>(method, parameters);
    } catch (error) {
      throw this.#closed || isUnsent(error) ? helperGone() : fromWireError(error);
    }
  }

  /** One listener for each name: another one takes its place (JSON-RPC's own rule). */
  onNotification<N extends NotificationName>(
    name: N,
    listener: (parameters: Notifications[N]) => void,
  ): void {
    this.#rpc.onNotification(name, listener);
  }

  /** A listener that comes too late is told at once. */
  onClose(listener: () => void): void {
    if (this.#closed) listener();
    else this.#closeListeners.push(listener);
  }

  dispose(): void {
    this.#close();
  }

  /** The reader reports a close once, dispose() another time: listeners hear the first. */
  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#rpc.dispose();
    for (const listener of this.#closeListeners) listener();
  }
}

/** Who ends is not heard before the end of what it had written, and a write before that fails (EPIPE). */
function isUnsent(error: unknown): boolean {
  return error instanceof ResponseError && error.code === ErrorCodes.MessageWriteError;
}

function helperGone(): TerrariumError {
  return new TerrariumError("helperFailed", { reason: "it ended before it answered" });
}
