import type { Duplex, Readable, Writable } from "node:stream";
import {
  createMessageConnection,
  StreamMessageReader,
  StreamMessageWriter,
} from "vscode-jsonrpc/node";
import { Connection } from "../protocol/client.ts";
import { type HelperConnection, protocolVersion } from "../protocol/methods.ts";
import { patientReader } from "../protocol/patientReader.ts";

export interface HelperStreams {
  readonly input: Readable;
  readonly output: Writable;
}

/** A typed client over a byte stream, introduced to the helper; rejects when the two versions do not fit. */
export async function connectClient(
  streams: HelperStreams | Duplex,
  client: string,
  version?: string,
): Promise<HelperConnection> {
  const { input, output } = "input" in streams ? streams : { input: streams, output: streams };
  const connection = new Connection(
    createMessageConnection(
      patientReader(new StreamMessageReader(input)),
      new StreamMessageWriter(output),
    ),
  );
  connection.onClose(() => output.end());
  await connection.request("initialize", { client, protocol: protocolVersion, version });
  return connection;
}
