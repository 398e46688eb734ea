import assert from "node:assert/strict";
import { PassThrough, Writable } from "node:stream";
import { test } from "node:test";
import {
  createMessageConnection,
  NullLogger,
  ResponseError,
  StreamMessageReader,
  StreamMessageWriter,
} from "vscode-jsonrpc/node";
import { Connection } from "../../helper/protocol/client.ts";
import { TerrariumError, toWireError } from "../../helper/protocol/errors.ts";

/** The two ends of one connection: ours, and a bare JSON-RPC peer. */
function connected() {
  const toPeer = new PassThrough();
  const fromPeer = new PassThrough();
  const peer = createMessageConnection(
    new StreamMessageReader(toPeer),
    new StreamMessageWriter(fromPeer),
    NullLogger,
  );
  const connection = new Connection(
    createMessageConnection(
      new StreamMessageReader(fromPeer),
      new StreamMessageWriter(toPeer),
      NullLogger,
    ),
  );
  return { connection, peer, fromPeer };
}

test("parameters travel by name and the answer comes back", async () => {
  const { connection, peer } = connected();
  peer.onRequest("sandbox/stop", (parameters) => {
    assert.deepEqual(parameters, { target: "web" });
    return null;
  });
  peer.listen();
  assert.equal(await connection.request("sandbox/stop", { target: "web" }), null);
  connection.dispose();
  peer.dispose();
});

test("an error of the helper arrives with its code, its arguments and its words", async () => {
  const { connection, peer } = connected();
  const taken = new TerrariumError("nameTaken", { name: "web" });
  peer.onRequest("sandbox/create", () => {
    const { code, message, data } = toWireError(taken);
    throw new ResponseError(code, message, data);
  });
  peer.listen();
  await assert.rejects(connection.request("sandbox/create", { spec: {} }), (error) => {
    assert.ok(TerrariumError.is(error, "nameTaken"));
    assert.deepEqual([error.args, error.message], [taken.args, taken.message]);
    return true;
  });
  connection.dispose();
  peer.dispose();
});

test("a request that is under way when the helper ends is rejected, and so is the next", async () => {
  const { connection, peer, fromPeer } = connected();
  peer.onRequest("sandbox/list", () => new Promise(() => {}));
  peer.listen();
  let closed = 0;
  connection.onClose(() => {
    closed += 1;
  });
  const pending = connection.request("sandbox/list", {});
  fromPeer.end();
  fromPeer.destroy();
  await assert.rejects(pending, (error) => TerrariumError.is(error, "helperFailed"));
  await assert.rejects(connection.request("sandbox/list", {}), /ended before it answered/);
  connection.dispose();
  assert.equal(closed, 1);
  peer.dispose();
});

test("a request that can no longer be written is rejected with the same words", async () => {
  const closedPipe = new Writable({
    emitClose: false,
    write: (_chunk, _encoding, done) => done(new Error("write EPIPE")),
  });
  const connection = new Connection(
    createMessageConnection(
      new StreamMessageReader(new PassThrough()),
      new StreamMessageWriter(closedPipe),
      NullLogger,
    ),
  );
  await assert.rejects(connection.request("sandbox/list", {}), /ended before it answered/);
  connection.dispose();
});

test("somebody who listens for the end too late hears of it at once", () => {
  const { connection, peer } = connected();
  connection.dispose();
  let heard = false;
  connection.onClose(() => {
    heard = true;
  });
  assert.ok(heard);
  peer.dispose();
});

test("a notification reaches its listener whole", async () => {
  const { connection, peer } = connected();
  const gone = { since: 1, generation: 2, put: [], gone: ["unified:/a"] };
  const heard = new Promise((resolve) => connection.onNotification("inventory/didChange", resolve));
  peer.listen();
  await peer.sendNotification("inventory/didChange", { tables: { cgroups: gone } });
  assert.deepEqual(await heard, { tables: { cgroups: gone } });
  connection.dispose();
  peer.dispose();
});
