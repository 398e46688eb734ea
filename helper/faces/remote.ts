import { connect } from "node:net";
import { connectClient } from "../cli/connect.ts";
import { TerrariumError } from "../protocol/errors.ts";
import type { HelperConnection } from "../protocol/methods.ts";
import { isServedBy } from "../server/peer.ts";
import { version } from "../version.ts";

/** A client of the helper that listens on a socket. */
export function connectRemote(path: string): Promise<HelperConnection> {
  return new Promise((resolve, reject) => {
    const refuse = (reason: string) => reject(new TerrariumError("pathRefused", { path, reason }));
    const socket = connect(path);
    socket.once("error", ({ message }) => refuse(`no helper answers there (${message})`));
    socket.once("connect", () => {
      if (isServedBy(socket, process.geteuid?.() ?? 0)) {
        resolve(connectClient(socket, "terrarium", version()));
        return;
      }
      socket.destroy();
      refuse("another user listens there");
    });
  });
}
