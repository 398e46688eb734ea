import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { connectClient } from "../../helper/cli/connect.ts";
import type { SandboxSummary } from "../../helper/protocol/inventory.ts";
import type { HelperConnection, Notifications } from "../../helper/protocol/methods.ts";
import { eventually, inspect, list, startSandbox, terrarium, uniqueName } from "./cli.ts";
import { untilListening } from "./helper-process.ts";
import { becomeStranger, needsRoot, strangerId } from "./isolated.ts";
import { assertNothingLeft, takeInventory } from "./leftovers.ts";

/** A helper on a socket in a folder of its own; it ends with the test. */
async function startSocketHelper(t: TestContext): Promise<{ path: string; helper: ChildProcess }> {
  const folder = mkdtempSync(join(tmpdir(), "terrarium-helper-"));
  const path = join(folder, "helper.sock");
  const helper = terrarium.start(["helper", "--socket", path]);
  t.after(async () => {
    await end(helper, "SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  });
  await untilListening(path);
  return { path, helper };
}

/** The editor's way: a helper on its standard input and output. */
async function startStdioHelper(
  t: TestContext,
): Promise<{ helper: ChildProcess; connection: HelperConnection }> {
  const helper = terrarium.start(["helper", "--stdio"]);
  t.after(() => end(helper, "SIGKILL"));
  const streams = { input: helper.stdout, output: helper.stdin };
  return { helper, connection: await connectClient(streams, "test") };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill(signal);
  await ended;
}

const sleeper = { args: ["sleep", "600"] };

describe("a helper that is killed", needsRoot, () => {
  test("over stdio leaves its sandboxes running, and the next one finds them", async (t) => {
    const { helper, connection } = await startStdioHelper(t);
    const name = uniqueName();
    t.after(() => terrarium.run(["rm", "-f", name]));
    await connection.request("sandbox/create", { spec: { name, ...sleeper }, stdio: "none" });
    const before = await inspect(name);
    await end(helper, "SIGKILL");
    const after = await inspect(name);
    assert.equal(after.state, "running");
    assert.deepEqual(after.processes, before.processes);
    assert.equal((await terrarium.run(["exec", name, "--", "true"])).code, 0);
    assert.equal((await terrarium.run(["rm", "-f", name])).code, 0);
  });

  test("over a socket leaves them running, and its successor takes its place", async (t) => {
    const { path, helper } = await startSocketHelper(t);
    const name = uniqueName();
    t.after(() => terrarium.run(["rm", "-f", name]));
    const through = (...words: string[]) => terrarium.run(["--helper", path, ...words]);
    assert.equal((await through("run", "-d", "--name", name, "--", "sleep", "600")).code, 0);
    await end(helper, "SIGKILL");
    assert.equal((await through("ps")).code, 125);
    const successor = terrarium.start(["helper", "--socket", path]);
    t.after(() => end(successor, "SIGKILL"));
    await eventually("the successor answers", async () => (await through("ps")).code === 0);
    assert.match((await through("ps")).stdout, new RegExp(`${name} +running`));
    assert.equal((await through("rm", "-f", name)).code, 0);
  });

  test("before anybody attached takes the prepared sandbox along", async (t) => {
    const before = takeInventory();
    const { helper, connection } = await startStdioHelper(t);
    const [first, second] = [uniqueName(), uniqueName()];
    const create = (name: string) =>
      connection.request("sandbox/create", { spec: { name, ...sleeper }, stdio: "inherit" });
    const [{ attach }] = await Promise.all([create(first), create(second)]);
    assert.ok(attach);
    await end(helper, "SIGKILL");
    for (const name of [first, second]) await terrarium.run(["rm", "-f", name]);
    await assertNothingLeft(before);
  });
});

describe("a client that is killed while it makes a sandbox", needsRoot, () => {
  const moments = 30;
  const longestMs = 250;

  test(`row 30: at any of ${moments} moments leaves nothing that the next list does not remove`, async (t) => {
    const before = takeInventory();
    const names: string[] = [];
    for (let moment = 0; moment < moments; moment += 1) {
      const name = uniqueName();
      names.push(name);
      t.after(() => terrarium.run(["rm", "-f", name]));
      const client = terrarium.start(["run", "-d", "--name", name, "--", "sleep", "600"]);
      client.stdout.resume();
      await sleep((moment * longestMs) / moments);
      await end(client, "SIGKILL");
    }
    const isOurs = ({ name }: SandboxSummary) => names.includes(name);
    // The last one's launcher may be undoing what it did.
    await eventually("what had not begun is gone", async () =>
      (await list()).filter(isOurs).every(({ state }) => state === "running"),
    );
    const found = (await list()).filter(isOurs);
    for (const { name } of found) {
      assert.equal((await terrarium.run(["rm", "-f", name])).code, 0);
    }
    await assertNothingLeft(before);
  });
});

describe("several clients at the same time", needsRoot, () => {
  const atOnce = [1, 2, 3, 4, 5, 6];

  test("cannot take the same name: one has it, the others are told", async (t) => {
    const name = uniqueName();
    t.after(() => terrarium.run(["rm", "-f", name]));
    const words = ["run", "-d", "--name", name, "--", "sleep", "600"];
    const ran = await Promise.all(atOnce.map(() => terrarium.run(words)));
    assert.deepEqual(ran.map(({ code }) => code).sort(), [0, 125, 125, 125, 125, 125]);
    for (const { stderr } of ran.filter(({ code }) => code !== 0)) {
      assert.match(stderr, /exists already/);
    }
  });

  test("get ranges of ids that do not meet", async (t) => {
    const names = await Promise.all(
      atOnce.map(async () => (await startSandbox(t, [], ["sleep", "600"])).name),
    );
    const bases = (await list())
      .filter(({ name }) => names.includes(name))
      .map(({ processes }) => processes[0]?.uid);
    assert.equal(new Set(bases).size, atOnce.length);
  });

  test("make and remove sandboxes without stepping on each other's cgroups", async () => {
    const before = takeInventory();
    const lives = atOnce.map(async () => {
      for (let round = 0; round < 3; round += 1) {
        const ran = await terrarium.run(["run", "-m", "64m", "--", "true"]);
        assert.deepEqual([ran.code, ran.stderr], [0, ""]);
      }
    });
    await Promise.all(lives);
    await assertNothingLeft(before);
  });
});

describe("the socket", needsRoot, () => {
  test("is its user's alone, and is removed when the helper is told to end", async (t) => {
    const { path, helper } = await startSocketHelper(t);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    await end(helper, "SIGTERM");
    assert.equal(helper.exitCode, 0);
    assert.ok(!existsSync(path));
  });

  test("row 26: refuses another user although the file would let them in, and says so in the audit log", async (t) => {
    const { path, helper } = await startSocketHelper(t);
    chmodSync(join(path, ".."), 0o755);
    chmodSync(path, 0o777);
    const audit = once(createInterface({ input: helper.stderr ?? process.stdin }), "line");
    assert.equal(await knock(path), "closed without a word");
    const [line] = await audit;
    assert.match(
      line,
      new RegExp(`"uid":${strangerId},"method":"connect","outcome":"notAuthorised"`),
    );
    assert.equal((await terrarium.run(["--helper", path, "ps"])).code, 0);
  });

  test("is not believed by a client when another user listens there", async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "terrarium-helper-"));
    chmodSync(folder, 0o777);
    const path = join(folder, "helper.sock");
    const script = `${becomeStranger} require("node:net").createServer().listen(process.argv[1]);`;
    const impostor = spawn(process.execPath, ["-e", script, path], { cwd: "/", stdio: "ignore" });
    t.after(async () => {
      await end(impostor, "SIGKILL");
      rmSync(folder, { recursive: true });
    });
    await eventually("the impostor listens", () => existsSync(path));
    const { code, stderr } = await terrarium.run(["--helper", path, "ps"]);
    assert.equal(code, 125);
    assert.match(stderr, /another user listens there/);
  });

  test("serves several clients at once, each with its own watch", async (t) => {
    const { path } = await startSocketHelper(t);
    const [watching, quiet] = await Promise.all(
      [1, 2].map(() => connectClient(connect(path), "test")),
    );
    t.after(() => watching?.dispose());
    t.after(() => quiet?.dispose());
    let disturbed = false;
    quiet?.onNotification("inventory/didChange", () => {
      disturbed = true;
    });
    const changes: Notifications["inventory/didChange"][] = [];
    watching?.onNotification("inventory/didChange", (change) => changes.push(change));
    await watching?.request("inventory/watch", { tables: { sandboxes: 0 } });
    const { name } = await startSandbox(t, [], ["sleep", "600"]);
    await eventually("the new sandbox is reported", () =>
      changes.some(({ tables }) => tables.sandboxes?.put.some((row) => row.name === name)),
    );
    assert.equal(disturbed, false);
  });
});

/** Connects as a stranger and says hello; what came back. */
async function knock(path: string): Promise<string> {
  const script = `
    ${becomeStranger}
    const socket = require("node:net").connect(process.argv[1]);
    let heard = "";
    socket.on("data", (chunk) => { heard += chunk; });
    socket.on("error", (error) => { heard += error.code; });
    socket.on("close", () => console.log(heard.replace("EPIPE", "").replace("ECONNRESET", "") || "closed without a word"));
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "sandbox/list", params: {} });
    socket.write("Content-Length: " + body.length + "\\r\\n\\r\\n" + body);
  `;
  const child = spawn(process.execPath, ["-e", script, path], {
    cwd: "/",
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = await once(createInterface({ input: child.stdout }), "line");
  return line;
}

describe("a helper over stdio", needsRoot, () => {
  test("ends when its standard input ends", async (t) => {
    const { helper, connection } = await startStdioHelper(t);
    const ended = once(helper, "exit");
    connection.dispose();
    assert.deepEqual(await ended, [0, null]);
  });

  test("lets only the variables on its list inside, whatever its client sends", async (t) => {
    const { connection } = await startStdioHelper(t);
    const name = uniqueName();
    t.after(() => terrarium.run(["rm", "-f", name]));
    await connection.request("sandbox/create", {
      spec: { ...sleeper, name },
      stdio: "none",
      clientEnv: { SSH_AUTH_SOCK: "s3cret", VSCODE_IPC_HOOK_CLI: "s3cret", LANG: "en_GB.UTF-8" },
    });
    const command = (await inspect(name)).processes.at(-1);
    const environment = readFileSync(`/proc/${command?.pid}/environ`, "utf8");
    assert.match(environment, /LANG=en_GB/);
    assert.doesNotMatch(environment, /s3cret/);
  });

  test("ends, and leaves its sandboxes alone, when it is sent rubbish", async (t) => {
    const { name } = await startSandbox(t, [], ["sleep", "600"]);
    const helper = terrarium.start(["helper", "--stdio"]);
    t.after(() => end(helper, "SIGKILL"));
    const ended = once(helper, "exit");
    helper.stdin.write("rubbish\r\n\r\n");
    await ended;
    assert.equal((await inspect(name)).state, "running");
  });
});
