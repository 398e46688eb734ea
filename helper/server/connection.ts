import type { Duplex, Readable, Writable } from "node:stream";
import {
  CancellationToken,
  createMessageConnection,
  type Disposable,
  ResponseError,
  StreamMessageReader,
  StreamMessageWriter,
} from "vscode-jsonrpc/node";
import type { Inventory } from "../inventory/watch/watch.ts";
import { TerrariumError, toWireError } from "../protocol/errors.ts";
import type { MethodName } from "../protocol/methods.ts";
import { patientReader } from "../protocol/patientReader.ts";
import type { SandboxHost } from "../sandboxes/host.ts";
import { answer, type Peer } from "./answer.ts";
import { type Events, openEventWatch } from "./events.ts";
import { capMessages } from "./messageCap.ts";
import { methods, type Session } from "./methods.ts";
import { paceRequests } from "./pace.ts";
import { openReverts } from "./reverts.ts";
import { openUsage } from "./usage.ts";

export interface Transport {
  readonly input: Readable;
  readonly output: Writable;
}

/** What all clients of one helper share. */
export interface Served {
  readonly host: SandboxHost;
  readonly events: Events;
  readonly inventory: Inventory;
}

/** Serves one client until its stream ends. Each message passes the size cap before anything reads it. */
export function serve(
  { host, events, inventory }: Served,
  peer: Peer,
  transport: Transport | Duplex,
): Disposable {
  const { input, output } =
    "input" in transport ? transport : { input: transport, output: transport };
  const capped = capMessages();
  const reader = patientReader(new StreamMessageReader(input.pipe(capped)));
  // Its timer for half a message would go on for ever, for every client that left in the middle of one.
  reader.partialMessageTimeout = 0;
  const connection = createMessageConnection(reader, new StreamMessageWriter(output));
  const usage = openUsage(host, (round) => {
    connection.sendNotification("usage/didSample", round).catch(() => undefined);
  });
  const session: Session = {
    host,
    events: openEventWatch(events, (event) => {
      connection.sendNotification("events/didHappen", event).catch(() => undefined);
    }),
    usage: usage.get,
    // Resolves when the stream has taken it: until then what changes is one change more, and no queue of them.
    watch: inventory.watch((change) => connection.sendNotification("inventory/didChange", change)),
    reverts: openReverts(host),
  };
  const inTurn = paceRequests(capped);
  for (const name of Object.keys(methods) as MethodName[]) {
    connection.onRequest(
      name,
      (parameters: unknown, token: unknown): Promise<unknown> =>
        inTurn(async () => {
          if (isCancelled(token)) return wasCancelled;
          return answer(session, peer, name, parameters).catch(toResponse);
        }),
    );
  }
  const end = () => {
    session.watch.dispose();
    session.events.dispose();
    usage.dispose();
    session.reverts.dispose();
    connection.dispose();
    input.destroy();
  };
  connection.onClose(end);
  connection.onError(end);
  capped.on("error", end);
  input.on("error", end);
  output.on("error", end);
  connection.listen();
  return { dispose: end };
}

/** Language Server Protocol, "RequestCancelled": who asked has thought better of it before it was their turn. */
const wasCancelled = new ResponseError(-32800, "It was cancelled before it was begun.");

/** A client that sends a list of parameters chooses what stands in the token's place. */
function isCancelled(token: unknown): boolean {
  return CancellationToken.is(token) && token.isCancellationRequested;
}

function toResponse(error: unknown): ResponseError<unknown> {
  if (!TerrariumError.is(error)) throw error;
  const { code, message, data } = toWireError(error);
  return new ResponseError(code, message, data);
}
