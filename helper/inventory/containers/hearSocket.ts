import { type IncomingMessage, request } from "node:http";
import { withOwnedSocket } from "../../kernel/ownedFiles.ts";

/** An engine answers at once that it will tell, or it will not. */
const deadlineMs = 2_000;

export interface Heard {
  /** Something was said; what, the engine is asked. */
  readonly onNews: () => void;
  /** Nothing will be said any more. */
  readonly onEnd: () => void;
}

/**
 * Listens to what an engine goes on answering on a socket of root's or of this user's, once it has begun to. Answers
 * how to end that; undefined where there is no such socket, or no such answer.
 */
export async function hearSocket(
  path: string,
  uid: number,
  what: string,
  heard: Heard,
): Promise<(() => void) | undefined> {
  try {
    const answer = await withOwnedSocket(path, uid, (socketPath) => open(socketPath, what));
    if (!answer) return undefined;
    answer.on("data", heard.onNews);
    answer.on("error", () => undefined);
    answer.on("close", heard.onEnd);
    return () => answer.destroy();
  } catch {
    return undefined;
  }
}

function open(socketPath: string, path: string): Promise<IncomingMessage> {
  const headers = { host: "localhost" };
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path, agent: false, headers }, (answer) => {
      clearTimeout(deadline);
      if (answer.statusCode === 200) return resolve(answer);
      answer.destroy();
      reject(new Error(`status ${answer.statusCode}`));
    });
    const deadline = setTimeout(() => asked.destroy(new Error("no answer in time")), deadlineMs);
    asked.on("socket", (socket) => socket.unref());
    asked.on("error", (error) => {
      clearTimeout(deadline);
      reject(error);
    });
    asked.end();
  });
}
