import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readlinkSync } from "node:fs";
import { describe, test } from "node:test";
import { collect, type Ran, startSandbox, terrarium } from "./cli.ts";
import { needsRoot } from "./isolated.ts";
import { assertNothingLeft, takeInventory } from "./leftovers.ts";

const inSandbox = (...command: string[]) => terrarium.run(["run", "--", ...command]);

const shell = (script: string) => inSandbox("sh", "-c", script);

describe("the exit code", needsRoot, () => {
  test("is the command's own", async () => {
    assert.equal((await shell("exit 0")).code, 0);
    assert.equal((await shell("exit 7")).code, 7);
    assert.equal((await shell("exit 255")).code, 255);
  });

  test("is 128+n when a signal ended the command", async () => {
    assert.equal((await shell("kill -TERM $$")).code, 143);
    assert.equal((await shell("kill -KILL $$")).code, 137);
  });

  test("is 127 for a command that is not there, 126 for one that cannot be executed", async () => {
    assert.equal((await inSandbox("no-such-command")).code, 127);
    assert.equal((await inSandbox("/etc/passwd")).code, 126);
    assert.equal((await inSandbox("/etc")).code, 126);
  });

  test("is the same with the command as PID 1", async () => {
    const bare = (...command: string[]) => terrarium.run(["run", "--no-init", "--", ...command]);
    assert.equal((await bare("sh", "-c", "exit 7")).code, 7);
    assert.equal((await bare("no-such-command")).code, 127);
    assert.equal((await bare("/etc/passwd")).code, 126);
  });

  test("is the shells' also when nobody is attached", async () => {
    const before = takeInventory();
    assert.equal((await terrarium.run(["run", "-d", "--", "no-such-command"])).code, 127);
    assert.equal((await terrarium.run(["run", "-d", "--", "/etc/passwd"])).code, 126);
    await assertNothingLeft(before);
  });
});

describe("standard input and output", needsRoot, () => {
  test("pass through, apart from each other", async () => {
    const ran = await terrarium.run(["run", "-i", "--", "sh", "-c", "cat; echo error >&2"], {
      input: "tides\n",
    });
    assert.equal(ran.stdout, "tides\n");
    assert.equal(ran.stderr, "error\n");
  });

  test("take in a long input", async () => {
    const input = "tides ".repeat(200_000);
    const ran = await terrarium.run(["run", "-i", "--", "wc", "-c"], { input });
    assert.equal(ran.stdout.trim(), `${input.length}`);
  });

  test("lose nothing of a long output", async () => {
    const { stdout } = await shell("head -c 5000000 /dev/zero | tr '\\0' x");
    assert.equal(stdout.length, 5_000_000);
  });

  test("without -i the command has no input", async () => {
    const { stdout } = await terrarium.run(["run", "--", "sh", "-c", "wc -c"], { input: "tides" });
    assert.equal(stdout.trim(), "0");
  });
});

describe("a terminal", needsRoot, () => {
  /** script(1) gives the client a terminal, as a person's shell does. */
  async function inTerminal(...words: string[]): Promise<Ran> {
    const quoted = [...terrarium.command, ...words].map((word) => `'${word}'`).join(" ");
    return collect(spawn("script", ["-qec", quoted, "/dev/null"], { cwd: "/" }));
  }

  test("of the sandbox's own is behind -it, with the size of ours and the exit code of the command", async () => {
    const script = "tty; stty rows 30 cols 100; stty size; exit 3";
    const { code, stdout } = await inTerminal("run", "-it", "--", "sh", "-c", script);
    assert.equal(stdout, "/dev/pts/0\r\n30 100\r\n");
    assert.equal(code, 3);
  });

  test("is given to exec and enter without being asked for", async (t) => {
    const { name } = await startSandbox(t, [], ["sleep", "600"]);
    for (const face of ["exec", "enter"]) {
      const { code, stdout } = await inTerminal(face, name, "--", "sh", "-c", "tty; exit 4");
      assert.match(stdout, /^\/dev\/pts\/\d+\r\n$/, face);
      assert.equal(code, 4);
    }
  });
});

/** The client becomes `launcher attach` where Node can (22.15), else it has it as a child. */
const clients = {
  "that becomes the launcher": {},
  "of a Node that cannot": {
    env: { NODE_OPTIONS: "--import=data:text/javascript,process.execve=undefined" },
  },
};

for (const [kind, options] of Object.entries(clients)) {
  describe(`a client ${kind}`, needsRoot, () => {
    test("passes a signal to the command, whose exit code is its own", async () => {
      const script = "trap 'exit 6' TERM; echo ready; while :; do sleep 0.1; done";
      const client = terrarium.start(["run", "--", "sh", "-c", script], options);
      const ended = collect(client);
      await once(client.stdout, "data");
      client.kill("SIGTERM");
      assert.equal((await ended).code, 6);
    });

    test("gives the command no input, unless it is asked to", async () => {
      const input = { ...options, input: "words" };
      assert.equal((await terrarium.run(["run", "--", "cat"], input)).stdout, "");
      assert.equal((await terrarium.run(["run", "-i", "--", "cat"], input)).stdout, "words");
    });

    test("leaves no process between the command and who started it", async () => {
      const client = terrarium.start(["run", "--", "sh", "-c", "echo ready; sleep 3600"], options);
      const ended = collect(client);
      await once(client.stdout, "data");
      const program = readlinkSync(`/proc/${client.pid}/exe`);
      client.kill("SIGTERM");
      await ended;
      assert.equal(program.endsWith("/launcher"), !("env" in options), program);
    });
  });
}
