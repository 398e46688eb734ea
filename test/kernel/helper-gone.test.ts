import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { connectClient, type HelperStreams } from "../../helper/cli/connect.ts";
import { terrarium, uniqueName } from "./cli.ts";
import { untilListening } from "./helper-process.ts";
import { needsRoot } from "./isolated.ts";

interface Served {
  readonly helper: ChildProcess;
  readonly streams: HelperStreams;
}

function overStdio(): Served {
  const helper = terrarium.start(["helper", "--stdio"]);
  return { helper, streams: { input: helper.stdout, output: helper.stdin } };
}

async function overSocket(t: TestContext): Promise<Served> {
  const folder = mkdtempSync(join(tmpdir(), "terrarium-gone-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "helper.sock");
  const helper = terrarium.start(["helper", "--socket", path]);
  await untilListening(path);
  const socket = connect(path);
  await once(socket, "connect");
  return { helper, streams: { input: socket, output: socket } };
}

/** Whatever is asked: reading, making, starting a process in a sandbox that outlives the helper. */
describe("a request to a helper that is killed", needsRoot, () => {
  for (const [way, serve] of [
    ["over stdio", overStdio],
    ["over a socket", overSocket],
  ] as const) {
    test(`${way} is rejected, as are all that wait`, { timeout: 60_000 }, async (t) => {
      const { helper, streams } = await serve(t);
      t.after(() => helper.kill("SIGKILL"));
      const connection = await connectClient(streams, "test");
      const name = uniqueName();
      t.after(() => terrarium.run(["rm", "-f", name]));
      const args = ["sleep", "600"];
      await connection.request("sandbox/create", { spec: { name, args }, stdio: "none" });
      // A stopped helper answers nothing, so that every request waits.
      helper.kill("SIGSTOP");
      const waiting = [
        connection.request("sandbox/list", {}),
        connection.request("sandbox/exec", { target: name, args: ["true"], stdio: "none" }),
        connection.request("sandbox/create", { spec: { args }, stdio: "none" }),
        // More than a pipe or a socket's buffer holds: its bytes are still on the way.
        connection.request("sandbox/create", { spec: { args: ["true", "x".repeat(900_000)] } }),
      ];
      const settled = Promise.allSettled(waiting);
      helper.kill("SIGKILL");
      for (const outcome of await settled) {
        assert.equal(outcome.status, "rejected");
        assert.equal(outcome.reason.code, "helperFailed", String(outcome.reason));
      }
      await assert.rejects(connection.request("sandbox/list", {}), { code: "helperFailed" });
    });
  }
});
