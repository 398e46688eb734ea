import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import {
  createMessageConnection,
  type MessageConnection,
  ResponseError,
  StreamMessageReader,
  StreamMessageWriter,
} from "vscode-jsonrpc/node";
import { connectClient } from "../../helper/cli/connect.ts";
import { TerrariumError } from "../../helper/protocol/errors.ts";
import { protocolVersion, requestCapBytes } from "../../helper/protocol/methods.ts";
import { type AuditEntry, noAudit } from "../../helper/sandboxes/audit.ts";
import { openRegistry } from "../../helper/sandboxes/registry.ts";
import { openStateDirectory } from "../../helper/sandboxes/stateDirectory.ts";
import { listen } from "../../helper/server/socket.ts";
import { version } from "../../helper/version.ts";

/** A helper on a socket of its own. Nothing here may reach this machine's sandboxes: the registry is the test's. */
interface TestHelper {
  readonly path: string;
  readonly runtime: string;
  readonly audit: readonly AuditEntry[];
}

const uid = process.getuid?.() ?? 0;

async function startHelper(t: TestContext): Promise<TestHelper> {
  const runtime = mkdtempSync(join(tmpdir(), "terrarium-server-"));
  const registry = openRegistry(openStateDirectory(runtime));
  const asker = { uid, gid: 0, name: "tester", home: "/nowhere", shell: "/bin/sh" };
  const audit: AuditEntry[] = [];
  const path = join(runtime, "helper.sock");
  const server = await listen({ registry, asker, audit: (entry) => audit.push(entry) }, path);
  t.after(async () => {
    server.close();
    rmSync(runtime, { recursive: true, force: true });
  });
  return { path, runtime, audit };
}

async function open(t: TestContext, { path }: TestHelper): Promise<Socket> {
  const socket = connect(path);
  socket.on("error", () => undefined);
  t.after(() => socket.destroy());
  await once(socket, "connect");
  return socket;
}

/** A client that sends whatever it is told, typed or not. */
async function rawClient(t: TestContext, helper: TestHelper): Promise<MessageConnection> {
  const socket = await open(t, helper);
  const client = createMessageConnection(
    new StreamMessageReader(socket),
    new StreamMessageWriter(socket),
  );
  client.listen();
  t.after(() => client.dispose());
  return client;
}

async function errorOf(answer: Promise<unknown>): Promise<ResponseError<unknown>> {
  try {
    await answer;
  } catch (error) {
    assert.ok(error instanceof ResponseError, String(error));
    return error;
  }
  throw new Error("the request was answered");
}

const frame = (body: string) => `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

describe("a client", () => {
  test("is told who serves it", async (t) => {
    const helper = await startHelper(t);
    const client = await connectClient(await open(t, helper), "test");
    const facts = await client.request("initialize", { client: "test", protocol: protocolVersion });
    assert.equal(facts.pid, process.pid);
    assert.equal(facts.uid, uid);
    assert.equal(facts.privileged, uid === 0);
    client.dispose();
  });

  test("of another protocol is refused with both numbers", async (t) => {
    const client = await rawClient(t, await startHelper(t));
    const error = await errorOf(client.sendRequest("initialize", { client: "x", protocol: 999 }));
    assert.match(error.message, /\(protocol 1\), and who asks it of protocol 999/);
  });

  test("of another version is refused with both, whatever else it says", async (t) => {
    const client = await rawClient(t, await startHelper(t));
    const later = { client: "x", protocol: protocolVersion, version: "99.1.0", mood: "good" };
    const error = await errorOf(client.sendRequest("initialize", later));
    assert.match(error.message, /^The helper is of version \S+, and who asks it of 99\.1\.0/);
    const same = { ...later, version: version() };
    assert.ok(await client.sendRequest("initialize", same));
  });

  test("gets typed errors back as typed errors", async (t) => {
    const helper = await startHelper(t);
    const client = await connectClient(await open(t, helper), "test");
    await assert.rejects(client.request("process/inspect", { pid: 4_194_304 }), (error) =>
      TerrariumError.is(error, "noSuchProcess"),
    );
    client.dispose();
  });
});

test("a request that is too long is refused before it is sent, and the connection lives on", async (t) => {
  const client = await connectClient(await open(t, await startHelper(t)), "test");
  t.after(() => client.dispose());
  const args = Array(12).fill("x".repeat(100_000));
  await assert.rejects(
    client.request("sandbox/create", { spec: { args } }),
    /are too long: \d+ bytes/,
  );
  const longest = "é".repeat(requestCapBytes / 2);
  await assert.rejects(client.request("sandbox/inspect", { target: longest }), /are too long/);
  await client.request("initialize", { client: "test", protocol: protocolVersion });
});

describe("a malformed request", () => {
  const cases: readonly (readonly [string, unknown, RegExp])[] = [
    ["process/inspect", { pid: 1, extra: true }, /extra/],
    ["process/inspect", {}, /pid/],
    ["process/inspect", { pid: "1" }, /pid/],
    ["process/inspect", null, /pid/],
    ["sandbox/create", { spec: { limits: { cpuQuotaUs: 1 } } }, /spec\.limits\.cpuQuotaUs/],
    ["sandbox/create", { spec: { name: "../x" } }, /spec\.name: must begin with/],
    ["process/enter", { pid: 1, only: ["network"] }, /only\.0/],
    [
      "sandbox/create",
      { spec: { env: { "1A": "x" } } },
      /spec\.env\.1A: must be a variable's name/,
    ],
    ["inventory/watch", { tables: { everything: 0 } }, /tables: .*everything/],
    ["inventory/watch", { tables: { cgroups: -1 } }, /tables\.cgroups/],
  ];

  test("is answered with invalidRequest that names the place", async (t) => {
    const client = await rawClient(t, await startHelper(t));
    for (const [method, parameters, place] of cases) {
      const error = await errorOf(client.sendRequest(method, parameters));
      assert.equal(error.code, -32000, method);
      assert.match(error.message, place);
      assert.doesNotMatch(JSON.stringify(error.toJson()), /\bat .*:\d+:\d+|\.ts\b|node_modules/);
    }
  });

  test("with positional parameters, or none, is no crash", async (t) => {
    const client = await rawClient(t, await startHelper(t));
    for (const parameters of [[], [1, 2, 3], [{ pid: 1 }, "x"]]) {
      await errorOf(client.sendRequest("process/inspect", ...parameters));
    }
    await errorOf(client.sendRequest("process/inspect"));
  });

  test("for a method that does not exist gets JSON-RPC's own answer", async (t) => {
    const client = await rawClient(t, await startHelper(t));
    for (const method of ["sandbox/explode", "__proto__", "toString", ""]) {
      const { code } = await errorOf(client.sendRequest(method, {}));
      assert.equal(code, -32601, method);
    }
  });
});

test("an error of the file system names the call and the errno, and no path of ours", async (t) => {
  const helper = await startHelper(t);
  const client = await rawClient(t, helper);
  rmSync(join(helper.runtime, "terrarium"), { recursive: true });
  const error = await errorOf(client.sendRequest("sandbox/list", {}));
  assert.equal(error.message, "The helper failed: open: ENOENT.");
  assert.ok(!JSON.stringify(error.toJson()).includes(helper.runtime));
});

describe("bytes that are no protocol", () => {
  const rubbish: readonly (readonly [string, string])[] = [
    ["noise", "\0\u0001\u0002 noise\r\n\r\n"],
    ["an endless header", "x".repeat(4096)],
    ["a message over the cap", `Content-Length: ${requestCapBytes + 1}\r\n\r\n`],
    ["no JSON", frame("{not json")],
    ["an empty body", frame("")],
    ["another protocol", "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"],
  ];

  for (const [what, bytes] of rubbish) {
    test(`${what}: the connection ends, and the helper serves the next one`, async (t) => {
      const helper = await startHelper(t);
      const socket = await open(t, helper);
      const closed = once(socket, "close");
      socket.resume().write(bytes);
      await closed;
      (await connectClient(await open(t, helper), "next")).dispose();
    });
  }

  test("JSON that is no message does not end the helper", async (t) => {
    const helper = await startHelper(t);
    for (const body of ["null", "[]", "1", '"x"', "{}", '{"jsonrpc":"2.0","id":{},"method":[]}']) {
      (await open(t, helper)).write(frame(body));
    }
    (await connectClient(await open(t, helper), "next")).dispose();
  });

  test("a client that goes away in the middle of a message is forgotten", async (t) => {
    const helper = await startHelper(t);
    const socket = await open(t, helper);
    socket.write("Content-Length: 100\r\n\r\n{");
    socket.destroy();
    (await connectClient(await open(t, helper), "next")).dispose();
  });
});

describe("the audit log", () => {
  test("has a line for each request that changes something, with who and how it ended", async (t) => {
    const helper = await startHelper(t);
    const client = await rawClient(t, helper);
    await errorOf(client.sendRequest("sandbox/stop", { target: "nobody" }));
    await errorOf(client.sendRequest("sandbox/create", { spec: { unknown: 1 } }));
    await errorOf(client.sendRequest("process/inspect", { pid: 4_194_304 }));
    assert.deepEqual(helper.audit, [
      { uid, method: "sandbox/stop", outcome: "noSuchSandbox" },
      { uid, method: "sandbox/create", outcome: "invalidRequest" },
    ]);
  });
});

describe("the socket", () => {
  test("is open to its user only", async (t) => {
    const { path } = await startHelper(t);
    assert.equal(statSync(path).mode & 0o777, 0o600);
  });

  test("of a living helper is not taken over", async (t) => {
    const helper = await startHelper(t);
    const registry = openRegistry(openStateDirectory(helper.runtime));
    const asker = { uid, gid: 0, name: "tester", home: "/nowhere", shell: "/bin/sh" };
    await assert.rejects(
      listen({ registry, asker, audit: noAudit }, helper.path),
      /another helper listens there/,
    );
  });

  test("does not replace a file that is no socket", async (t) => {
    const helper = await startHelper(t);
    const registry = openRegistry(openStateDirectory(helper.runtime));
    const asker = { uid, gid: 0, name: "tester", home: "/nowhere", shell: "/bin/sh" };
    const path = join(helper.runtime, "file");
    writeFileSync(path, "precious");
    await assert.rejects(listen({ registry, asker, audit: noAudit }, path), /is no socket/);
    assert.equal(statSync(path).size, "precious".length);
  });
});
