import type { Duplex, Readable, Writable } from "node:stream";
import {
  createMessageConnection,
  type Disposable,
  ResponseError,
  StreamMessageReader,
  StreamMessageWriter,
} from "vscode-jsonrpc/node";
import { errnoOf, KernelError } from "../kernel/errors.ts";
import { TerrariumError, toWireError } from "../protocol/errors.ts";
import type { MethodName } from "../protocol/methods.ts";
import { type ParameterOutput, parameterSchemas } from "../protocol/schemas.ts";
import type { SandboxHost } from "../sandboxes/host.ts";
import type { Audit } from "./audit.ts";
import { capMessages } from "./messageCap.ts";
import { methods, type Session } from "./methods.ts";
import { openWatch } from "./watch.ts";

/** Who is at the other end, from the kernel. */
export interface Peer {
  readonly uid: number;
}

export interface Transport {
  readonly input: Readable;
  readonly output: Writable;
}

/**
 * Serves one client until its stream ends. Each request passes: size cap, schema, handler; whatever goes
 * wrong leaves as one of the protocol's errors, never as a stack or a path of ours.
 */
export function serve(
  host: SandboxHost,
  peer: Peer,
  transport: Transport | Duplex,
  audit: Audit,
): Disposable {
  const { input, output } =
    "input" in transport ? transport : { input: transport, output: transport };
  const capped = capMessages();
  const reader = new StreamMessageReader(input.pipe(capped));
  // Its timer for half a message would go on for ever, for every client that left in the middle of one.
  reader.partialMessageTimeout = 0;
  const connection = createMessageConnection(reader, new StreamMessageWriter(output));
  const session: Session = {
    host,
    watch: openWatch(host, (change) => {
      connection.sendNotification("inventory/didChange", change).catch(() => undefined);
    }),
  };
  for (const name of Object.keys(methods) as MethodName[]) {
    connection.onRequest(name, (parameters: unknown) =>
      answer(session, peer, name, parameters, audit),
    );
  }
  const end = () => {
    session.watch.dispose();
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

async function answer<M extends MethodName>(
  session: Session,
  peer: Peer,
  name: M,
  parameters: unknown,
  audit: Audit,
): Promise<unknown> {
  const method = methods[name];
  const note = (outcome: string) =>
    method.changes && audit({ uid: peer.uid, method: name, outcome });
  try {
    const result = await method.handle(session, parse(name, parameters));
    note("done");
    return result;
  } catch (error) {
    const known = toKnownError(error);
    note(known.code);
    const wire = toWireError(known);
    return new ResponseError(wire.code, wire.message, wire.data);
  }
}

function parse<M extends MethodName>(name: M, parameters: unknown): ParameterOutput<M> {
  const parsed = parameterSchemas[name].safeParse(parameters ?? {});
  // The compiler sees a union of all rows' outputs; that row M's schema yields row M's is what a table means.
  if (parsed.success) return parsed.data as ParameterOutput<M>;
  const [issue] = parsed.error.issues;
  const where = issue?.path.join(".");
  // What is wrong with a key stands one level below.
  const why = issue?.code === "invalid_key" ? issue.issues[0]?.message : issue?.message;
  throw new TerrariumError("invalidRequest", {
    reason: `${where ? `${where}: ` : ""}${why ?? "malformed request"}.`,
  });
}

function toKnownError(error: unknown): TerrariumError {
  if (error instanceof TerrariumError) return error;
  return new TerrariumError("helperFailed", { reason: describeUnknown(error) });
}

/** The call and what the kernel answered; messages of node:fs would name our files. */
function describeUnknown(error: unknown): string {
  if (error instanceof KernelError) return `${error.call}: ${error.errno}`;
  const errno = errnoOf(error);
  if (errno === "EUNKNOWN") return error instanceof Error ? error.message : String(error);
  const { syscall } = error as NodeJS.ErrnoException;
  return syscall === undefined ? errno : `${syscall}: ${errno}`;
}
