import { Socket } from "node:net";
import type { Carrier } from "./carrier.ts";
import { isOfRootOrOwn } from "./surroundings.ts";

/** A helper that listens. It goes on when this client leaves. */
export function connectSocket(path: string): Carrier {
  const socket = new Socket();
  socket.on("error", () => socket.destroy());
  if (isOfRootOrOwn(path)) socket.connect(path);
  else socket.destroy();
  return {
    input: socket,
    output: socket,
    onEnd: (listener) => void socket.once("close", listener),
    end: () => socket.destroy(),
    obstacle: async () => "noAnswer",
  };
}
