import { chownSync, lstatSync, unlinkSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { TerrariumError } from "../protocol/errors.ts";
import type { SandboxHost } from "../sandboxes/host.ts";
import { toKnownError } from "./answer.ts";
import { clientOfSocket } from "./client.ts";
import { type Link, serve } from "./connection.ts";
import type { AskHere } from "./gate/authoriser.ts";
import { Gate } from "./gate/gate.ts";
import { enter, leave, roomOf } from "./gate/rates.ts";
import { peerOf } from "./peer.ts";
import { openServed, openSession, type Responder, type Served } from "./session.ts";

/** Who may come to root's helper besides root: each of them to a gate (gate/gate.ts). */
export interface Guests {
  /** The one who ran sudo; absent: everybody. */
  readonly only?: number | undefined;
  readonly askHere?: AskHere | undefined;
}

/**
 * Serves clients on a unix socket that only its user may open (mode 0600), and only that user or root:
 * the kernel names the peer (SO_PEERCRED), the file mode alone would trust whoever can change it.
 */
export async function listen(host: SandboxHost, path: string, guests?: Guests): Promise<Server> {
  await removeStale(path);
  const server = openServer(host, guests);
  const mask = process.umask(0o177);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(path, resolve);
    });
    if (guests?.only !== undefined) chownSync(path, guests.only, 0);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new TerrariumError("pathRefused", { path, reason: `cannot listen there (${code})` });
  } finally {
    process.umask(mask);
  }
  return server;
}

/** The same on a socket that listens already, and that systemd will have listen when we are gone. */
export async function listenOn(host: SandboxHost, fd: number, guests: Guests): Promise<Server> {
  const server = openServer(host, guests);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ fd }, resolve);
  });
  return server;
}

function openServer(host: SandboxHost, guests: Guests | undefined): Server {
  const served = openServed(host);
  return createServer((socket) => accept(served, guests, socket));
}

function accept(served: Served, guests: Guests | undefined, socket: Socket): void {
  const { host } = served;
  const peer = peerOf(socket);
  if (peer !== undefined && (peer.uid === 0 || peer.uid === host.asker.uid)) {
    serve(socket, ({ notify }) => openSession(served, notify, { who: { uid: peer.uid } }));
  } else if (peer !== undefined && guests && (guests.only ?? peer.uid) === peer.uid) {
    acceptGuest(served, guests, peer.uid, socket);
  } else {
    host.audit({ uid: peer?.uid ?? -1, method: "connect", outcome: "notAuthorised" });
    socket.destroy();
  }
}

function acceptGuest(served: Served, guests: Guests, uid: number, socket: Socket): void {
  const { audit } = served.host;
  if (!enter(uid)) {
    audit({ uid, method: "connect", outcome: "tooMany" });
    socket.destroy();
    return;
  }
  const open = (link: Link): Responder => {
    try {
      const client = clientOfSocket(socket);
      const isElevated = guests.only !== undefined;
      return new Gate({ served, client, isElevated, askHere: guests.askHere }, link);
    } catch (error) {
      audit({ uid, method: "connect", outcome: "notAuthorised" });
      return refuser(error);
    }
  };
  const serving = serve(socket, open, roomOf(uid));
  // As long as something works for them they are here.
  socket.once("close", () => void serving.dispose().finally(() => leave(uid)));
}

/** Who may not come in is told why, whatever they ask. */
function refuser(error: unknown): Responder {
  return { answer: () => Promise.reject(toKnownError(error)), dispose: () => undefined };
}

/** A socket that nobody answers is left over from a helper that was killed; one that answers is in use. */
async function removeStale(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found) return;
  if (!found.isSocket()) {
    throw new TerrariumError("pathRefused", {
      path,
      reason: "something that is no socket is there",
    });
  }
  if (await answers(path)) {
    throw new TerrariumError("pathRefused", { path, reason: "another helper listens there" });
  }
  unlinkSync(path);
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.once("connect", () => {
      probe.destroy();
      resolve(true);
    });
    probe.once("error", () => resolve(false));
  });
}
