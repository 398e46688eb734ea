import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, rmSync, statSync } from "node:fs";
import { text } from "node:stream/consumers";
import { describe, type TestContext, test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { connectClient } from "../../helper/cli/connect.ts";
import { TerrariumError } from "../../helper/protocol/errors.ts";
import { ownSocket } from "../../helper/protocol/helperSockets.ts";
import { connectionsPerUser } from "../../helper/server/gate/rates.ts";
import { eventually } from "./cli.ts";
import { agentsOf, alice, bob, connectAs, end, helperCommand, relayOf, startGate } from "./gate.ts";
import { needsRoot } from "./isolated.ts";

/** Who starts root's helper over stdio, as pkexec and sudo do: by then it is the parent's user that counts. */
const starter = `
  const [uid, ...command] = process.argv.slice(1);
  const helper = require("node:child_process").spawn(command[0], command.slice(1), {
    cwd: "/", stdio: ["inherit", "inherit", "inherit"],
  });
  helper.on("exit", (code) => process.exit(code ?? 1));
  process.setgroups([]); process.setgid(Number(uid)); process.setuid(Number(uid));
`;

function startOverStdio(t: TestContext, parent: number, env: NodeJS.ProcessEnv) {
  const command = [...helperCommand(), "helper", "--stdio"];
  const child = spawn(process.execPath, ["-e", starter, `${parent}`, ...command], {
    cwd: "/",
    env: { PATH: process.env["PATH"], ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (part) => {
    said += part;
  });
  t.after(() => end(child));
  return { child, said: () => said };
}

describe("root's helper over stdio", needsRoot, () => {
  for (const variable of ["PKEXEC_UID", "SUDO_UID"]) {
    test(`works for the user whom ${variable} names and who has started it`, async (t) => {
      const { child } = startOverStdio(t, alice, { [variable]: `${alice}` });
      const client = await connectClient({ input: child.stdout, output: child.stdin }, "test");
      const facts = await client.request("initialize", { client: "test", protocol: 1 });
      assert.deepEqual([facts.uid, facts.asker, facts.seesAll], [0, alice, true]);
      const { processes } = await client.request("inventory/read", { tables: ["processes"] });
      assert.ok(processes?.some(({ pid }) => pid === process.pid));
      assert.deepEqual(await client.request("sandbox/list", {}), []);
      client.dispose();
      const [code] = await once(child, "exit");
      assert.equal(code, 0);
    });

    test(`works for nobody whom ${variable} names and who has not started it`, async (t) => {
      const { child, said } = startOverStdio(t, bob, { [variable]: `${alice}` });
      const [code] = await once(child, "exit");
      assert.equal(code, 125);
      assert.match(said(), /Not authorised to use root's helper: who asked has ended/);
    });

    test(`does not begin where ${variable} is no number`, async (t) => {
      const { child, said } = startOverStdio(t, alice, { [variable]: "0x10" });
      const [code] = await once(child, "exit");
      assert.equal(code, 125);
      assert.match(said(), new RegExp(`${variable} is no user id`));
    });
  }

  test("does not begin where two variables say who asks, whatever they say", async (t) => {
    const { child, said } = startOverStdio(t, alice, { PKEXEC_UID: "0", SUDO_UID: `${alice}` });
    const [code] = await once(child, "exit");
    assert.equal(code, 125);
    assert.match(said(), /PKEXEC_UID and SUDO_UID both say who asks/);
  });

  test("is root's own where root has started it for itself", async (t) => {
    const { child } = startOverStdio(t, 0, { SUDO_UID: "0" });
    const client = await connectClient({ input: child.stdout, output: child.stdin }, "test");
    assert.equal((await client.request("initialize", { client: "test", protocol: 1 })).asker, 0);
  });
});

/** Connects, leaves its end to a child, and ends; the child asks for something. */
const leaver = `
  const [path, uid] = process.argv.slice(1);
  process.setgroups([]); process.setgid(Number(uid)); process.setuid(Number(uid));
  const socket = require("node:net").connect(path, () => {
    const heir = \`
      const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "sandbox/list", params: {} });
      const socket = new (require("node:net").Socket)({ fd: 3 });
      let heard = "";
      socket.on("data", (part) => { heard += part; if (heard.endsWith("}}")) process.stdout.write(heard, () => process.exit()); });
      socket.write("Content-Length: " + body.length + "\\\\r\\\\n\\\\r\\\\n" + body);
    \`;
    const stdio = ["ignore", "inherit", "inherit", socket._handle.fd];
    require("node:child_process").spawn(process.execPath, ["-e", heir], { detached: true, stdio }).unref();
    process.exit();
  });
`;

/** Connects as that user, says something as often as it is told to. It reads nothing. */
const mute = `
  const [path, uid, words, times] = process.argv.slice(1);
  process.setgroups([]); process.setgid(Number(uid)); process.setuid(Number(uid));
  const socket = require("node:net").connect(path);
  socket.pause();
  socket.on("error", () => process.exit());
  const say = (first) => {
    let text = "";
    for (let id = first; id < first + 500 && id < Number(times); id += 1) {
      const body = words.replace("ID", id);
      text += "Content-Length: " + body.length + "\\r\\n\\r\\n" + body;
    }
    if (text) socket.write(text, () => say(first + 500));
    else process.stdout.write("said");
  };
  say(0);
`;

function startMute(t: TestContext, path: string, words: object, times: number) {
  const args = ["-e", mute, path, `${alice}`, JSON.stringify(words), `${times}`];
  const child = spawn(process.execPath, args, { cwd: "/", stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => end(child));
  return child;
}

/** What the kernel keeps of small answers for a socket that is not read is some hundred. */
const tooMany = 900;

describe("a client of root's helper", needsRoot, () => {
  test("that reads none of its answers has little more done, and others notice nothing", async (t) => {
    const gate = await startGate(t);
    const ofBob = await connectAs(t, gate.path, bob);
    const ask = { jsonrpc: "2.0", id: "ID", method: "sandbox/stop", params: { target: "x" } };
    startMute(t, gate.path, ask, 5_000);
    const done = () => gate.log().split('"sandbox/stop"').length;
    await eventually("it has begun", () => done() > 100);
    for (let before = 0; before !== done() && done() < tooMany; ) {
      before = done();
      for (let turn = 0; turn < 100; turn += 1) await ofBob.request("sandbox/list", {});
    }
    assert.ok(done() < tooMany, `${done()} were done`);
  });

  const confined: readonly (readonly [string, readonly string[]])[] = [
    ["by no_new_privs", ["setpriv", "--no-new-privs", "--"]],
    ["by a user namespace of its own", ["unshare", "--user", "--"]],
  ];

  for (const [how, words] of confined) {
    test(`that is confined ${how} gets nothing done outside`, async (t) => {
      const gate = await startGate(t);
      const script = `
        const socket = require("node:net").connect(process.argv[1]);
        process.stdin.pipe(socket).pipe(process.stdout);
        socket.on("close", () => process.exit());
      `;
      const identity = ["--reuid", `${alice}`, "--regid", `${alice}`, "--clear-groups", "--"];
      const child = spawn(
        "setpriv",
        [...identity, ...words, helperCommand()[0] ?? "", "-e", script, gate.path],
        {
          cwd: "/",
          stdio: ["pipe", "pipe", "inherit"],
        },
      );
      t.after(() => end(child));
      await assert.rejects(
        connectClient({ input: child.stdout, output: child.stdin }, "test"),
        (error) => TerrariumError.is(error, "notAuthorised") && error.args.why === "confined",
      );
      assert.match(gate.log(), /"method":"connect","outcome":"notAuthorised"/);
    });
  }

  test("row 25: that has left its connection to another process is nobody, whoever goes on with it", async (t) => {
    const gate = await startGate(t);
    gate.process.kill("SIGSTOP");
    const connector = spawn(process.execPath, ["-e", leaver, gate.path, `${alice}`], {
      cwd: "/",
      stdio: ["ignore", "pipe", "inherit"],
    });
    const answered = text(connector.stdout);
    await once(connector, "exit");
    gate.process.kill("SIGCONT");
    assert.match(await answered, /Not authorised to use root's helper: who asked has ended/);
  });

  test("has as many others of its user beside it as one may have, and other users notice nothing", async (t) => {
    const gate = await startGate(t);
    const clients = await Promise.all(
      Array.from({ length: connectionsPerUser }, () => connectAs(t, gate.path, alice)),
    );
    const next = relayOf(gate.path, alice);
    t.after(() => end(next));
    await once(next, "exit");
    assert.match(gate.log(), new RegExp(`"uid":${alice},"method":"connect","outcome":"tooMany"`));
    await (await connectAs(t, gate.path, bob)).request("sandbox/list", {});
    clients[0]?.dispose();
    await eventually("there is room again", async () => {
      const client = await connectAs(t, gate.path, alice).catch(() => undefined);
      return client !== undefined;
    });
  });

  test("is there until its agent has gone, and takes an agent with it that never began", async (t) => {
    const gate = await startGate(t);
    await Promise.all(
      Array.from({ length: connectionsPerUser - 1 }, () => connectAs(t, gate.path, alice)),
    );
    const last = await connectAs(t, gate.path, alice);
    const asked = last.request("sandbox/list", {});
    let [agent] = agentsOf(gate, alice);
    while (agent === undefined) {
      await nextTurn();
      [agent] = agentsOf(gate, alice);
    }
    process.kill(agent, "SIGSTOP");
    last.dispose();
    await assert.rejects(asked);
    const next = relayOf(gate.path, alice);
    t.after(() => end(next));
    await once(next, "exit");
    assert.match(gate.log(), /"outcome":"tooMany"/);
    await eventually("it is ended", () => agentsOf(gate, alice).length === 0);
    await connectAs(t, gate.path, alice);
  });

  test("is answered no faster than its user may ask, over all connections", async (t) => {
    const gate = await startGate(t);
    const clients = [await connectAs(t, gate.path, alice), await connectAs(t, gate.path, alice)];
    const startMs = performance.now();
    const asked = clients.flatMap((client) =>
      Array.from({ length: 700 }, () => client.request("initialize", { client: "t", protocol: 1 })),
    );
    await Promise.all(asked);
    // 1,000 at once and 200 a second (rates.ts): slower it may be.
    assert.ok(performance.now() - startMs > 1_900);
  });

  test("that is another user than the one who ran sudo is refused", async (t) => {
    const path = ownSocket(alice);
    rmSync(path, { force: true });
    const [node = "", ...words] = helperCommand();
    const helper = spawn(node, [...words, "helper", "--socket"], {
      cwd: "/",
      env: { PATH: process.env["PATH"], SUDO_UID: `${alice}` },
      stdio: ["ignore", "ignore", "pipe"],
    });
    t.after(() => end(helper));
    await eventually("it listens", () => existsSync(path));
    await (await connectAs(t, path, alice)).request("sandbox/list", {});
    const { uid, mode } = statSync(path);
    assert.deepEqual([uid, mode & 0o777], [alice, 0o600]);
    const stranger = relayOf(path, bob);
    t.after(() => end(stranger));
    const [code] = await once(stranger, "exit");
    assert.equal(code, 1);
    // Also where the mode lets them: the kernel says who comes.
    chmodSync(path, 0o666);
    await assert.rejects(connectAs(t, path, bob), (error) =>
      TerrariumError.is(error, "helperFailed"),
    );
  });
});
