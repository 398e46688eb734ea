import type { LogOutputChannel } from "vscode";
import {
  createMessageConnection,
  StreamMessageReader,
  StreamMessageWriter,
} from "vscode-jsonrpc/node";
import { Connection } from "../../helper/protocol/client.ts";
import { TerrariumError } from "../../helper/protocol/errors.ts";
import { protocolVersion } from "../../helper/protocol/methods.ts";
import { patientReader } from "../../helper/protocol/patientReader.ts";
import type { Carrier } from "./carrier.ts";
import type { Choice, Way } from "./choice.ts";
import { connectionLogger } from "./logger.ts";
import { type ObstacleName, Obstructed } from "./obstacles.ts";
import { startByPkexec, startOwnHelper } from "./process.ts";
import { end, type Running } from "./running.ts";
import { connectSocket } from "./socket.ts";
import { startBySudo } from "./sudo.ts";

export interface Launching {
  /** Absolute path of dist/bin/terrarium. */
  readonly program: string;
  /** The extension's. */
  readonly version: string;
  readonly log: LogOutputChannel;
  /** Before the first message: what listens to the connection. */
  readonly prepare: (connection: Connection) => void;
}

const patienceMs = 15_000;
/** For a person who has to find the password. */
const personsPatienceMs = 300_000;

/** Rejects with Obstructed where root's helper could not be had, else with a TerrariumError. */
export async function launch(choice: Choice, launching: Launching): Promise<Running> {
  const carrier = await carry(choice.way, launching);
  const connection = connectionOver(carrier, launching.log);
  launching.prepare(connection);
  carrier.onEnd(() => connection.dispose());
  const isPersonAsked = choice.way.kind === "pkexec";
  const timer = setTimeout(
    () => connection.dispose(),
    isPersonAsked ? personsPatienceMs : patienceMs,
  );
  try {
    const client = { client: "vscode", protocol: protocolVersion, version: launching.version };
    const facts = await connection.request("initialize", client);
    return { carrier, connection, facts, choice, sinceMs: Date.now() };
  } catch (error) {
    end({ carrier, connection });
    const obstacle = refusalOf(error) ?? (await carrier.obstacle());
    throw obstacle === undefined ? error : new Obstructed(obstacle);
  } finally {
    clearTimeout(timer);
  }
}

async function carry(way: Way, { program, log }: Launching): Promise<Carrier> {
  switch (way.kind) {
    case "own":
      return startOwnHelper(program, log);
    case "socket":
      return connectSocket(way.path);
    case "pkexec":
      return startByPkexec(way.program, log);
    case "sudo":
      return startBySudo(way.program, process.getuid?.() ?? 0);
  }
}

function connectionOver({ input, output }: Carrier, log: LogOutputChannel): Connection {
  return new Connection(
    createMessageConnection(
      patientReader(new StreamMessageReader(input)),
      new StreamMessageWriter(output),
      connectionLogger(log),
    ),
  );
}

function refusalOf(error: unknown): ObstacleName | undefined {
  if (TerrariumError.is(error, "wrongVersion")) return "otherVersion";
  return TerrariumError.is(error, "notAuthorised") ? "denied" : undefined;
}
