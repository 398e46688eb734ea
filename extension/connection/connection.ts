import type { Readable, Writable } from "node:stream";
import {
  createMessageConnection,
  type Logger,
  type MessageConnection,
  StreamMessageReader,
  StreamMessageWriter,
} from "vscode-jsonrpc/node";
import { fromWireError, TerrariumError } from "../../helper/protocol/errors.ts";
import type {
  HelperConnection,
  MethodName,
  NotificationName,
  Notifications,
  ParameterInput,
  Results,
} from "../../helper/protocol/methods.ts";

/** The helper's protocol over a pair of streams. Owns the JSON-RPC connection, not the process. */
export class Connection implements HelperConnection {
  readonly #rpc: MessageConnection;
  readonly #closeListeners: (() => void)[] = [];
  #closed = false;

  constructor(input: Readable, output: Writable, logger: Logger) {
    this.#rpc = createMessageConnection(
      new StreamMessageReader(input),
      new StreamMessageWriter(output),
      logger,
    );
    this.#rpc.onClose(() => this.#close());
    this.#rpc.listen();
  }

  /** Rejects with a TerrariumError: the helper's own, or `helperFailed` when it went away. */
  async request<M extends MethodName>(
    method: M,
    parameters: ParameterInput<M>,
  ): Promise<Results[M]> {
    if (this.#closed) throw helperGone();
    try {
      return await this.#rpc.sendRequest<Results[M]>(method, parameters);
    } catch (error) {
      throw this.#closed ? helperGone() : fromWireError(error);
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

function helperGone(): TerrariumError {
  return new TerrariumError("helperFailed", { reason: "it ended before it answered" });
}
