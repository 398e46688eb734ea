import type { ClientHttp2Session, ClientHttp2Stream } from "node:http2";
import { connect as connectSocket } from "node:net";
import { withOwnedSocket } from "../../kernel/ownedFiles.ts";
import type { ServiceCall } from "./engine.ts";

const deadlineMs = 2_000;

/** A container's specification, which containerd answers with it, is 10 to 60 KB. */
const largestAnswer = 1024 * 1024;

/** Before each message: whether it is compressed, and its length. */
const prefixLength = 5;

/**
 * The message that an engine answers to one gRPC call, on a socket of root's or of this user's, which is empty where it
 * answers an error; undefined where there is no such socket, or no answer in time. gRPC is POST over HTTP/2: grpc/doc/PROTOCOL-HTTP2.md.
 */
export async function askService(path: string, uid: number, call: ServiceCall) {
  try {
    return await withOwnedSocket(path, uid, (socketPath) => answerOf(socketPath, call));
  } catch {
    return undefined;
  }
}

/** Loaded with the first call: few machines have such an engine. */
async function answerOf(socketPath: string, call: ServiceCall): Promise<Buffer | undefined> {
  const { connect } = await import("node:http2");
  const session = connect("http://localhost", {
    createConnection: () => connectSocket(socketPath),
    settings: { enablePush: false },
  });
  const deadline = setTimeout(() => session.destroy(new Error("no answer in time")), deadlineMs);
  try {
    return messageIn(await bodyOf(session, call));
  } finally {
    clearTimeout(deadline);
    session.destroy();
  }
}

function bodyOf(session: ClientHttp2Session, { method, headers, message }: ServiceCall) {
  return new Promise<Buffer>((resolve, reject) => {
    session.on("error", reject);
    session.on("close", () => reject(new Error("the connection was closed")));
    const stream = session.request({
      ":method": "POST",
      ":path": method,
      "content-type": "application/grpc",
      te: "trailers",
      ...headers,
    });
    collect(stream, resolve, reject);
    stream.end(framed(message));
  });
}

function collect(
  stream: ClientHttp2Stream,
  resolve: (body: Buffer) => void,
  reject: (error: Error) => void,
): void {
  const chunks: Buffer[] = [];
  let length = 0;
  stream.on("data", (chunk: Buffer) => {
    length += chunk.length;
    if (length > largestAnswer) stream.destroy(new Error(`more than ${largestAnswer} bytes`));
    else chunks.push(chunk);
  });
  stream.on("error", reject);
  stream.on("end", () => resolve(Buffer.concat(chunks)));
}

function framed(message: Buffer): Buffer {
  const prefix = Buffer.alloc(prefixLength);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** An error has no message: its words are in the trailers, and nobody asks for them. */
function messageIn(body: Buffer): Buffer {
  if (body.length < prefixLength || body[0] !== 0) return Buffer.alloc(0);
  const end = prefixLength + body.readUInt32BE(1);
  return end === body.length ? body.subarray(prefixLength, end) : Buffer.alloc(0);
}
