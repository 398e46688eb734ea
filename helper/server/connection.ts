import type { Duplex, Readable, Writable } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import {
  CancellationToken,
  createMessageConnection,
  ResponseError,
  StreamMessageReader,
} from "vscode-jsonrpc/node";
import { standBack } from "../inventory/turns.ts";
import { TerrariumError, toWireError } from "../protocol/errors.ts";
import type { MethodName } from "../protocol/methods.ts";
import { patientReader } from "../protocol/patientReader.ts";
import { openHold } from "./hold.ts";
import { capMessages } from "./messageCap.ts";
import { methods } from "./methods.ts";
import { paceRequests } from "./pace.ts";
import { openPlacedMessages } from "./placedMessages.ts";
import { type Room, unbounded } from "./room.ts";
import type { Notify, Responder } from "./session.ts";
import { TakenWriter } from "./takenWriter.ts";

export interface Transport {
  readonly input: Readable;
  readonly output: Writable;
}

/** What who answers can do with the client itself. */
export interface Link {
  readonly notify: Notify;
  /** Resolves when the client has taken what it was told, an answer included that is given now. */
  taken(): Promise<void>;
  /** Closes the connection. */
  end(): void;
}

export interface Serving {
  /** Resolves when nothing works for that client any more. */
  dispose(): Promise<void>;
}

/** Serves one client until its stream ends. Each message passes the size cap before anything reads it. */
export function serve(
  transport: Transport | Duplex,
  open: (link: Link) => Responder,
  room: Room = unbounded,
): Serving {
  const { input, output } =
    "input" in transport ? transport : { input: transport, output: transport };
  const capped = capMessages();
  const hold = openHold(capped);
  const placed = openPlacedMessages(room, hold);
  const reader = patientReader(
    new StreamMessageReader(input.pipe(capped), { contentTypeDecoder: placed.decoder }),
  );
  const writer = new TakenWriter(output, hold);
  const connection = createMessageConnection(reader, writer, undefined, {
    messageStrategy: placed.strategy,
  });
  let ended: Promise<void> | undefined;
  const dispose = () => {
    ended ??= Promise.resolve(responder.dispose());
    placed.dispose();
    connection.dispose();
    input.destroy();
    return ended;
  };
  const end = () => void dispose();
  // By the next turn an answer that was given is the writer's.
  const taken = () => nextTurn().then(() => writer.taken());
  const notify: Notify = (name, parameters) => connection.sendNotification(name, parameters);
  const responder = open({ notify, taken, end });
  const inTurn = paceRequests(hold, taken);
  for (const name of Object.keys(methods) as MethodName[]) {
    connection.onRequest(
      name,
      (parameters: unknown, token: unknown): Promise<unknown> =>
        inTurn(async () => {
          standBack();
          if (isCancelled(token)) return wasCancelled;
          return responder.answer(name, parameters).catch(toResponse);
        }),
    );
  }
  connection.onClose(end);
  connection.onError(end);
  capped.on("error", end);
  input.on("error", end);
  output.on("error", end);
  connection.listen();
  return { dispose };
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
