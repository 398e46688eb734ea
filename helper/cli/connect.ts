import type { Duplex, Readable, Writable } from "node:stream";
import {
  createMessageConnection,
  StreamMessageReader,
  StreamMessageWriter,
} from "vscode-jsonrpc/node";
import { fromWireError, TerrariumError } from "../protocol/errors.ts";
import { type HelperConnection, protocolVersion, requestCapBytes } from "../protocol/methods.ts";

export interface HelperStreams {
  readonly input: Readable;
  readonly output: Writable;
}

/** A typed client over a byte stream, introduced to the helper; rejects when the two versions do not fit. */
export async function connectClient(
  streams: HelperStreams | Duplex,
  client: string,
): Promise<HelperConnection> {
  const { input, output } = "input" in streams ? streams : { input: streams, output: streams };
  const rpc = createMessageConnection(
    new StreamMessageReader(input),
    new StreamMessageWriter(output),
  );
  rpc.listen();
  const connection: HelperConnection = {
    request: async (method, parameters) => {
      refuseTooLong(parameters);
      try {
        return await rpc.sendRequest(method, parameters);
      } catch (error) {
        throw fromWireError(error);
      }
    },
    onNotification: (name, listener) => void rpc.onNotification(name, listener),
    onClose: (listener) => void rpc.onClose(listener),
    dispose: () => {
      rpc.dispose();
      output.end();
    },
  };
  await connection.request("initialize", { client, protocol: protocolVersion });
  return connection;
}

/** What JSON-RPC itself adds: version, id, method. */
const envelopeBytes = 256;

/** Said here, because the helper answers it by ending the connection. */
function refuseTooLong(parameters: unknown): void {
  const length = Buffer.byteLength(JSON.stringify(parameters)) + envelopeBytes;
  if (length <= requestCapBytes) return;
  throw new TerrariumError("invalidRequest", {
    reason: `Command, variables and mounts together are too long: ${length} bytes of the ${requestCapBytes} that one request may have.`,
  });
}
