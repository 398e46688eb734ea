import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { after, before, describe, it } from "node:test";
import { asRoot, hostPrograms, idMaps, launch, type Result } from "./launcher.ts";

/** Prints what connect(2) to an abstract socket answers: 0, or the errno's name. */
const connect = `
import errno, socket, sys
error = socket.socket(socket.AF_UNIX).connect_ex("\\0" + sys.argv[1])
print(errno.errorcode.get(error, error))`;

/** The same to a socket of its own. */
const connectToItself = `
import socket
server = socket.socket(socket.AF_UNIX)
server.bind("\\0terrarium-test-own")
server.listen()
print(socket.socket(socket.AF_UNIX).connect_ex("\\0terrarium-test-own"))`;

/** A command that shares the test's network and pid namespace. */
const enter = (options: readonly string[], ...command: readonly string[]): Promise<Result> => {
  const target = ["--pid", `${process.pid}`, "--namespaces", "uts", "--env", "PATH=/usr/bin:/bin"];
  return launch(["enter", ...target, ...options, "--", ...command]);
};

const supported = async (): Promise<boolean> => {
  const { events } = await enter(["--scope", "signals"], "true");
  return events.every(({ stage }) => stage !== "landlock");
};

describe("the launcher's --scope", asRoot, async () => {
  const skip = (await supported()) ? false : "this kernel's Landlock has no scopes";
  const name = `terrarium-test-${process.pid}`;
  let server: Server;
  before(async () => {
    server = createServer((socket) => socket.destroy()).listen(`\0${name}`);
    await once(server, "listening");
  });
  after(() => server.close());

  it("row 23, CVE-2020-15257: abstract-sockets closes the host's abstract sockets to who shares its network", {
    skip,
  }, async () => {
    const line = ["python3", "-c", connect, name];
    assert.equal((await enter([], ...line)).stdout, "0\n");
    assert.equal((await enter(["--scope", "abstract-sockets"], ...line)).stdout, "EPERM\n");
  });

  it("abstract-sockets leaves those that were made inside", { skip }, async () => {
    const options = ["--scope", "abstract-sockets"];
    assert.equal((await enter(options, "python3", "-c", connectToItself)).stdout, "0\n");
  });

  it("signals keeps signals from processes outside, and not from one's own", { skip }, async () => {
    const sleeper = spawn("sleep", ["100"]);
    try {
      await once(sleeper, "spawn");
      const line = ["sh", "-c", `sleep 100 & kill $!; kill -0 ${sleeper.pid} && echo reached`];
      assert.equal((await enter([], ...line)).stdout, "reached\n");
      const { code, stdout, stderr } = await enter(["--scope", "signals"], ...line);
      assert.deepEqual([code, stdout], [1, ""]);
      assert.match(stderr.trim(), /^[^\n]*not permitted$/);
    } finally {
      sleeper.kill("SIGKILL");
    }
  });

  it("goes together with everything else that confines a sandbox", { skip }, async () => {
    const scopes = ["--scope", "signals", "--scope", "abstract-sockets"];
    const line = ["sh", "-c", "sleep 100 & kill -TERM $!; wait $!; echo $?"];
    const { code, stdout } = await launch([
      ...["run", ...idMaps, ...hostPrograms, ...scopes],
      ...["--", ...line],
    ]);
    assert.deepEqual([code, stdout], [0, "143\n"]);
  });

  it("says what it needs on a kernel that does not know scopes", async () => {
    const inject = ["-e", "inject=landlock_create_ruleset:error=EINVAL"];
    const prefix = ["strace", "-f", "-qq", "-o", "/dev/null", ...inject];
    const { code, events } = await launch(
      ["run", ...idMaps, ...hostPrograms, "--scope", "signals", "--", "true"],
      { prefix },
    );
    const [error] = events;
    assert.deepEqual([code, error?.stage, error?.errno], [125, "landlock", "EINVAL"]);
    assert.match(error?.hint ?? "", /Linux 6\.12/);
  });

  it("names what it knows when it is asked for something else", async () => {
    const { code, events } = await enter(["--scope", "sockets"], "true");
    assert.equal(code, 125);
    assert.match(events[0]?.hint ?? "", /'sockets' is not abstract-sockets or signals/);
  });
});
