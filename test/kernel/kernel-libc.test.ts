import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { KernelError } from "../../helper/kernel/errors.ts";
import {
  namespaceOwnerUid,
  namespaceParent,
  namespaceUserns,
  peerCredentials,
  pidfdOpen,
  pidfdSendSignal,
  tryLock,
} from "../../helper/kernel/libc.ts";
import { startIsolated } from "./isolated.ts";

function directory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "terrarium-libc-"));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}

function descriptorOf(socket: Socket): number {
  const handle: unknown = Reflect.get(socket, "_handle");
  assert.ok(typeof handle === "object" && handle !== null && "fd" in handle);
  assert.ok(typeof handle.fd === "number");
  return handle.fd;
}

test("a unix socket's peer is known by the kernel's word", async (t) => {
  const path = join(directory(t), "s");
  const server = createServer().listen(path);
  t.after(() => server.close());
  await once(server, "listening");
  const client = spawn(process.execPath, [
    "-e",
    `require("net").connect(${JSON.stringify(path)}).on("data", () => process.exit())`,
  ]);
  const [socket]: Socket[] = await once(server, "connection");
  assert.ok(socket);
  assert.deepEqual(peerCredentials(descriptorOf(socket)), {
    pid: client.pid,
    uid: process.geteuid?.(),
    gid: process.getegid?.(),
  });
  socket.end("bye");
  await once(client, "exit");
});

test("a descriptor that is no socket has no peer, and the error says why", () => {
  const fd = openSync("/dev/null", "r");
  assert.throws(
    () => peerCredentials(fd),
    (error) =>
      error instanceof KernelError && error.call === "getsockopt" && error.errno === "ENOTSOCK",
  );
  closeSync(fd);
});

test("a pidfd signals its process", async () => {
  const child = spawn("sleep", ["600"]);
  assert.ok(child.pid);
  const pidfd = pidfdOpen(child.pid);
  pidfdSendSignal(pidfd, constants.signals.SIGTERM);
  const [, signal] = await once(child, "exit");
  assert.equal(signal, "SIGTERM");
  assert.throws(
    () => pidfdSendSignal(pidfd, constants.signals.SIGTERM),
    (error) => error instanceof KernelError && error.errno === "ESRCH",
  );
  closeSync(pidfd);
});

test("there is no pidfd of a process that does not exist", () => {
  assert.throws(
    () => pidfdOpen(4_194_304),
    (error) => error instanceof KernelError && error.errno === "ESRCH",
  );
});

test("a lock is held by one open file at a time, and given up with it", (t) => {
  const path = join(directory(t), "lock");
  const first = openSync(path, "a");
  const second = openSync(path, "a");
  assert.equal(tryLock(first), true);
  assert.equal(tryLock(second), false);
  closeSync(first);
  assert.equal(tryLock(second), true);
  closeSync(second);
});

test("a user namespace knows who made it and its parent; a network namespace its owner", async (t) => {
  const { pid } = await startIsolated(t, ["--user", "--net"]);
  const user = openSync(`/proc/${pid}/ns/user`, "r");
  const net = openSync(`/proc/${pid}/ns/net`, "r");
  const owner = namespaceUserns(net);
  const parent = namespaceParent(user);
  assert.equal(namespaceOwnerUid(user), process.geteuid?.());
  assert.equal(readlinkSync(`/proc/self/fd/${owner}`), readlinkSync(`/proc/${pid}/ns/user`));
  assert.equal(readlinkSync(`/proc/self/fd/${parent}`), readlinkSync("/proc/self/ns/user"));
  for (const fd of [user, net, owner, parent]) closeSync(fd);
});

test("failing calls leave no descriptor open", () => {
  const before = readdirSync("/proc/self/fd").length;
  for (let round = 0; round < 50; round += 1) assert.throws(() => pidfdOpen(4_194_304));
  assert.equal(readdirSync("/proc/self/fd").length, before);
});
