import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import { StreamMessageReader } from "vscode-jsonrpc/node";
import { protocolVersion } from "../../helper/protocol/methods.ts";
import { checkout } from "../rig/prepare.mjs";
import { clientOfUser, eventually } from "./cli.ts";
import { residentBytes, smallHeap, untilListening } from "./helper-process.ts";
import { frame, mutate, mutation, type Request, request } from "./hostile-messages.ts";
import { needsRoot, strangerId } from "./isolated.ts";
import { childrenOf } from "./launcher.ts";

/** In all, as many as the issue of hostile clients asks for. */
const nearlyRight = 130_000;
const broken = 75_000;
const atATime = 500;
const ofAStream = 25;

/** What it may have more of at the end than after the first tenth, with a heap that leaves no room for garbage. */
const growthBytes = 16 * 1024 * 1024;

/**
 * As an ordinary user in a pid namespace of its own: what gets through by chance does no harm there. Every message
 * comes by the socket, as from another program of the user's.
 */
describe("a helper whose clients send what they like", { ...needsRoot, timeout: 600_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), "terrarium-hostile-"));
  const path = join(folder, "helper.sock");
  let helper: ChildProcess;
  let errors = "";

  before(async () => {
    chmodSync(folder, 0o711);
    chownSync(folder, strangerId, strangerId);
    const runtime = join(folder, "runtime");
    mkdirSync(runtime, { mode: 0o700 });
    chownSync(runtime, strangerId, strangerId);
    const command = clientOfUser(strangerId).command;
    const helperWords = [...command.slice(0, -1), ...smallHeap, ...command.slice(-1)];
    const words = ["-m", "-p", "-f", "--mount-proc", ...helperWords];
    helper = spawn("unshare", [...words, "helper", "--socket", path], {
      cwd: "/",
      env: { PATH: process.env["PATH"], XDG_RUNTIME_DIR: runtime },
      stdio: ["ignore", "ignore", "pipe"],
    });
    createInterface({ input: helper.stderr ?? process.stdin }).on("line", (line) => {
      // Without the audit log, which is many megabytes.
      if (!line.startsWith("audit ")) errors += `${line}\n`;
    });
    await untilListening(path);
  });

  after(async () => {
    // Not unshare(1): what it would send at its death is forgotten by whoever changes its user (prctl(2)).
    process.kill(own(), "SIGKILL");
    await once(helper, "exit");
    rmSync(folder, { recursive: true, force: true });
  });

  const open = async (): Promise<Socket> => {
    const socket = connect(path);
    socket.on("error", () => undefined);
    await once(socket, "connect");
    return socket;
  };

  /** unshare(1) waits for the one that it forked. */
  const own = () => childrenOf(helper.pid ?? 0)[0] ?? 0;

  async function isWell(): Promise<void> {
    const socket = await open();
    const hello = { method: "initialize", params: { client: "test", protocol: protocolVersion } };
    const [answer] = await ask(socket, [hello]);
    assert.deepEqual(Object.keys(answer?.["result"] ?? {}).slice(0, 2), ["version", "pid"]);
    socket.destroy();
  }

  test("answers each nearly right request with one answer, which tells nothing of its files", async () => {
    const sample = (seed: number) => fc.sample(request, { numRuns: atATime, seed });
    let first = 0;
    for (let sent = 0, seed = Date.now(); sent < nearlyRight; sent += atATime, seed += 1) {
      const socket = await open();
      const requests = sample(seed);
      const answers = await ask(socket, requests);
      socket.destroy();
      for (const [place, answer] of answers.entries()) {
        const why = () => `seed ${seed}: ${JSON.stringify(requests[place]).slice(0, 500)}`;
        assert.ok("result" in answer || isKnownError(answer["error"]), why());
        assert.ok(!tellsOfFiles(JSON.stringify(answer["error"] ?? "")), why());
      }
      if (sent === nearlyRight / 10) first = residentBytes(own());
    }
    await isWell();
    assert.ok(residentBytes(own()) - first < growthBytes);
    assert.equal(errors, "");
  });

  test("is well after streams in which bytes were changed, lost and doubled", async () => {
    const descriptors = readdirSync(`/proc/${own()}/fd`).length;
    const streams = fc.tuple(
      fc.array(request, { minLength: ofAStream, maxLength: ofAStream }),
      fc.array(mutation, { minLength: 1, maxLength: 8 }),
    );
    const first = residentBytes(own());
    for (let sent = 0, seed = Date.now(); sent < broken; sent += atATime, seed += 1) {
      const batch = fc.sample(streams, { numRuns: atATime / ofAStream, seed });
      await Promise.all(
        batch.map(async ([requests, mutations]) => {
          const stream = Buffer.concat(
            requests.map((one, id) => frame({ ...envelope(id), ...one })),
          );
          await tell(await open(), mutate(stream, mutations));
        }),
      );
    }
    await isWell();
    assert.ok(residentBytes(own()) - first < growthBytes);
    await eventually(
      "what clients had open is closed",
      () => readdirSync(`/proc/${own()}/fd`).length <= descriptors,
    );
    assert.equal(errors, "");
  });
});

const envelope = (id: number) => ({ jsonrpc: "2.0", id });

type Answer = Record<string, unknown> & { readonly id?: unknown };

/** One answer for each request, in the order of the requests. */
async function ask(socket: Socket, requests: readonly Request[]): Promise<readonly Answer[]> {
  const answers: Answer[] = [];
  const reader = new StreamMessageReader(socket);
  reader.partialMessageTimeout = 0;
  const all = new Promise<void>((resolve, reject) => {
    socket.once("close", () => reject(new Error("the helper ended the connection")));
    let missing = requests.length;
    reader.listen((message) => {
      const answer = message as unknown as Answer;
      if (typeof answer.id !== "number") return;
      assert.equal(answers[answer.id], undefined, "answered twice");
      answers[answer.id] = answer;
      missing -= 1;
      if (missing === 0) resolve();
    });
  });
  for (const [id, one] of requests.entries()) socket.write(frame({ ...envelope(id), ...one }));
  await all;
  return answers;
}

/** Sends all, and waits until the helper has closed its side: at a frame that is none, or at the end. */
async function tell(socket: Socket, stream: Buffer): Promise<void> {
  socket.resume();
  const closed = once(socket, "close");
  socket.end(stream);
  await closed;
}

/** JSON-RPC's own, or one of the protocol's (helper/protocol/errors.ts). */
function isKnownError(error: unknown): boolean {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  return (
    [-32601, -32602].includes(Number(code)) || (Number(code) <= -32000 && Number(code) > -32050)
  );
}

/** A line of a stack, or where the helper is installed. */
function tellsOfFiles(text: string): boolean {
  return /\\n +at /.test(text) || text.includes(checkout) || text.includes("terrarium-dist-");
}
