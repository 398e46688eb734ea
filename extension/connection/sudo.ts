import { setTimeout as sleep } from "node:timers/promises";
import { ownSocket } from "../../helper/protocol/helperSockets.ts";
import { closed, showCommand } from "../terminals/visibleCommand.ts";
import type { Carrier } from "./carrier.ts";
import { Obstructed } from "./obstacles.ts";
import { connectSocket } from "./socket.ts";
import { answers } from "./surroundings.ts";

const pollMs = 200;

/**
 * sudo(8) in a terminal, where a password can be typed and the helper's audit log be read. It serves this user's
 * windows by a socket until its terminal is closed. Rejects with Obstructed when that happens before it listens.
 */
export async function startBySudo(program: string, uid: number): Promise<Carrier> {
  const path = ownSocket(uid);
  const terminal = showCommand({
    name: "Terrarium Helper (root)",
    line: `sudo ${program} --socket`,
    parting: "Root's helper has ended. Press Enter to close.",
  });
  let isClosed = false;
  void closed(terminal).then(() => {
    isClosed = true;
  });
  while (!(await answers(path))) {
    if (isClosed) throw new Obstructed("dismissed");
    await sleep(pollMs);
  }
  return connectSocket(path);
}
