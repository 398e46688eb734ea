import { request } from "node:http";
import { withOwnedSocket } from "../../kernel/ownedFiles.ts";

/** An engine that is busy starting a hundred containers does not answer at once; nobody waits for longer. */
const deadlineMs = 2_000;

/** A list of 4,096 containers of Docker is 6 MB. */
const largestAnswer = 16 * 1024 * 1024;

/**
 * The JSON that an engine answers to GET on a socket of root's or of this user's; undefined where there is no such
 * socket, or no such answer in time. Redirects are not followed.
 */
export async function askSocket(path: string, uid: number, what: string): Promise<unknown> {
  try {
    const text = await withOwnedSocket(path, uid, (socketPath) => get(socketPath, what));
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

function get(socketPath: string, path: string): Promise<string> {
  const signal = AbortSignal.timeout(deadlineMs);
  const headers = { host: "localhost" };
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path, agent: false, signal, headers }, (answer) => {
      const chunks: Buffer[] = [];
      let length = 0;
      answer.on("data", (chunk: Buffer) => {
        length += chunk.length;
        if (length > largestAnswer) asked.destroy(new Error(`more than ${largestAnswer} bytes`));
        else chunks.push(chunk);
      });
      answer.on("error", reject);
      answer.on("end", () => {
        if (answer.statusCode === 200) resolve(Buffer.concat(chunks).toString("utf8"));
        else reject(new Error(`status ${answer.statusCode}`));
      });
    });
    asked.on("error", reject);
    asked.end();
  });
}
