import type { Socket } from "node:net";
import { KernelError } from "../kernel/errors.ts";
import { peerCredentials } from "../kernel/libc.ts";

/**
 * The other direction: a client runs the program that the helper names for its terminal, so it believes
 * its own user and root only. The place of a socket says nothing: in /tmp anybody may have made it.
 */
export function isServedBy(socket: Socket, uid: number): boolean {
  const peer = peerOf(socket);
  return peer !== undefined && (peer.uid === 0 || peer.uid === uid);
}

/** Who made the connection, from the kernel; undefined when it does not say. */
export function peerOf(socket: Socket): { readonly uid: number; readonly pid: number } | undefined {
  try {
    return peerCredentials(handleOf(socket));
  } catch {
    return undefined;
  }
}

/** The descriptor behind a socket of Node's; throws where it is closed already. */
export function handleOf(socket: Socket): number {
  const { fd } = (socket as Socket & { readonly _handle?: { readonly fd: number } })._handle ?? {};
  if (fd === undefined || fd < 0) throw new KernelError("getsockopt", "EBADF");
  return fd;
}
