import { lstatSync, unlinkSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { TerrariumError } from "../protocol/errors.ts";
import type { SandboxHost } from "../sandboxes/host.ts";
import { type Served, serve } from "./connection.ts";
import { shareEvents } from "./events.ts";
import { peerOf } from "./peer.ts";
import { shareInventory } from "./watch.ts";

/**
 * Serves clients on a unix socket that only its user may open (mode 0600), and only that user or root:
 * the kernel names the peer (SO_PEERCRED), the file mode alone would trust whoever can change it.
 */
export async function listen(host: SandboxHost, path: string): Promise<Server> {
  await removeStale(path);
  const server = openServer(host);
  const mask = process.umask(0o177);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(path, resolve);
    });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new TerrariumError("pathRefused", { path, reason: `cannot listen there (${code})` });
  } finally {
    process.umask(mask);
  }
  return server;
}

/** The same on a socket that listens already, and that systemd will have listen when we are gone. */
export async function listenOn(host: SandboxHost, fd: number): Promise<Server> {
  const server = openServer(host);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ fd }, resolve);
  });
  return server;
}

function openServer(host: SandboxHost): Server {
  const served: Served = { host, events: shareEvents(host), inventory: shareInventory(host) };
  return createServer((socket) => accept(served, socket));
}

function accept(served: Served, socket: Socket): void {
  const peer = peerOf(socket);
  if (peer === undefined || (peer.uid !== 0 && peer.uid !== served.host.asker.uid)) {
    served.host.audit({ uid: peer?.uid ?? -1, method: "connect", outcome: "notAuthorised" });
    socket.destroy();
    return;
  }
  serve(served, peer, socket);
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
