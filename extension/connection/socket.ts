import { connect } from "node:net";
import type { Carrier } from "./carrier.ts";
import { isOfRootOrOwn } from "./surroundings.ts";

/** A helper that listens. It goes on when this client leaves. */
export function connectSocket(path: string): Carrier {
  const socket = connect(path);
  if (!isOfRootOrOwn(path)) socket.destroy();
  socket.on("error", () => socket.destroy());
  return {
    input: socket,
    output: socket,
    onEnd: (listener) => void socket.once("close", listener),
    end: () => socket.destroy(),
    obstacle: async () => "noAnswer",
  };
}
