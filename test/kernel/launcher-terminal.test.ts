import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import {
  asRoot,
  childrenOf,
  hostPrograms,
  idMaps,
  isAlive,
  launcherPath,
  type Session,
  start,
  stop,
  underTerminal,
  until,
  withDirectory,
  withIds,
} from "./launcher.ts";

interface Terminal {
  readonly process: ChildProcess;
  output(): string;
  type(text: string): void;
  /** The attach process's own terminal, a pty of script(1). */
  device(): Promise<string>;
  readonly ended: Promise<number | null>;
}

/** `launcher attach` in a terminal of 33 rows and 77 columns. */
function attach(socket: string): Terminal {
  const line = `stty rows 33 cols 77; exec ${launcherPath} attach ${socket}`;
  const child = spawn("script", ["-qec", line, "/dev/null"], { stdio: ["pipe", "pipe", "pipe"] });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  child.stdin.on("error", () => undefined);
  return {
    process: child,
    output: () => output,
    type: (text) => child.stdin.write(text),
    device: () => until(() => terminalOf(child.pid ?? 0), "the terminal exists"),
    ended: new Promise((resolve) => child.once("close", (code) => resolve(code))),
  };
}

function terminalOf(script: number): string | undefined {
  const client = childrenOf(script)[0];
  return client === undefined ? undefined : readlinkSync(`/proc/${client}/fd/0`);
}

/** A sandbox with a terminal that runs `command`, and a terminal attached to it. */
async function withTerminal(
  command: readonly string[],
  use: (terminal: Terminal, session: Session, init: number, socket: string) => Promise<void>,
  options: readonly string[] = [],
): Promise<void> {
  await withDirectory(async (directory) => {
    const socket = join(directory, "attach");
    const session = start([
      ...["run", ...idMaps, ...hostPrograms, "--tty", "--listen", socket, ...options],
      ...[
        "--env",
        "TERM=dumb",
        "--env",
        "LC_ALL=C.UTF-8",
        "--env",
        "PS1=ready> ",
        "--",
        ...command,
      ],
    ]);
    const init = await session.ready;
    const terminal = attach(socket);
    try {
      await use(terminal, session, init, socket);
    } finally {
      terminal.process.kill("SIGKILL");
      session.process.kill("SIGKILL");
    }
  });
}

const shell = ["/bin/bash", "--norc", "--noprofile", "-i"];

const says = (terminal: Terminal, expected: string | RegExp): Promise<boolean> =>
  until(() => new RegExp(expected).test(terminal.output()), `${expected} in ${terminal.output()}`);

describe("a sandbox's terminal", withIds, () => {
  it("is the sandbox's own, and the controlling one of its shell", async () => {
    await withTerminal(shell, async (terminal, session) => {
      await says(terminal, "ready> ");
      terminal.type("tty; ls /dev/pts; stat -c 'owner %u' $(tty); ps -o tty= -p $$; exit 3\n");
      assert.equal(await terminal.ended, 3);
      assert.match(terminal.output(), /\/dev\/pts\/0\r\n0 +ptmx\r\nowner 0\r\npts\/0/);
      assert.equal((await session.ended).code, 3);
    });
  });

  it("has the window's size before the command begins, and follows it", async () => {
    await withTerminal(
      [
        "/bin/bash",
        "-c",
        "stty size; trap 'stty size; exit' WINCH; echo set; while :; do sleep 0.02; done",
      ],
      async (terminal) => {
        await says(terminal, "33 77[^]*set");
        execFileSync("stty", ["-F", await terminal.device(), "rows", "40", "cols", "100"]);
        assert.equal(await terminal.ended, 0);
        assert.match(terminal.output(), /40 100/);
      },
    );
  });

  it("turns Ctrl-C into SIGINT for the foreground job only", async () => {
    await withTerminal(shell, async (terminal) => {
      await says(terminal, "ready> ");
      terminal.type("sh -c 'echo beg''un; sleep 1000'\n");
      await says(terminal, "begun");
      terminal.type("\x03");
      terminal.type("echo status $?; exit 0\n");
      assert.equal(await terminal.ended, 0);
      assert.match(terminal.output(), /status 130/);
    });
  });

  it("row 14, CVE-2017-5226: has job control", async () => {
    await withTerminal(shell, async (terminal) => {
      await says(terminal, "ready> ");
      terminal.type("sh -c 'echo beg''un; read -r line; echo $line'\n");
      await says(terminal, "begun");
      terminal.type("\x1a");
      await says(terminal, "Stopped");
      terminal.type("fg\n");
      await says(terminal, "ready> fg\r\nsh -c");
      terminal.type("do''ne\n");
      await says(terminal, "do''ne\r\ndo''ne\r\n");
      terminal.type("exit 0\n");
      assert.equal(await terminal.ended, 0);
      assert.doesNotMatch(terminal.output(), /no job control/);
    });
  });

  it("carries UTF-8 both ways", async () => {
    await withTerminal(["/bin/sh", "-c", "echo go; cat"], async (terminal) => {
      await says(terminal, "go");
      terminal.type("grüße 沙箱 🌱\n\x04");
      assert.equal(await terminal.ended, 0);
      assert.equal(terminal.output().split("grüße 沙箱 🌱\r\n").length, 3, "echo and answer");
    });
  });

  it("loses no byte of 10 MB", async () => {
    const script = "yes 0123456789abcdef012345678901234 | head -c 10000000";
    await withTerminal(["/bin/sh", "-c", `stty -opost; ${script}`], async (terminal) => {
      assert.equal(await terminal.ended, 0);
      const line = "0123456789abcdef012345678901234\n";
      assert.equal(
        terminal.output(),
        line.repeat(Math.ceil(10_000_000 / line.length)).slice(0, 10_000_000),
      );
    });
  });

  it("takes large input while the command writes, without a standstill", async () => {
    await withTerminal(
      ["/bin/sh", "-c", "stty raw -echo; echo go; head -c 1000000 | md5sum"],
      async (terminal) => {
        await says(terminal, "go");
        terminal.type("x".repeat(1_000_000));
        assert.equal(await terminal.ended, 0);
        assert.match(terminal.output(), /ec78dbd963d2fc01e51176ed4dec299e/);
      },
    );
  });

  it("gives the client 128+n when the command is killed", async () => {
    await withTerminal(["/bin/sh", "-c", "kill -KILL $$"], async (terminal) => {
      assert.equal(await terminal.ended, 137);
    });
  });

  it("puts the user's terminal back as it was", async () => {
    await withDirectory(async (directory) => {
      const socket = join(directory, "attach");
      const session = start([
        "run",
        ...idMaps,
        ...hostPrograms,
        "--tty",
        "--listen",
        socket,
        "--",
        "true",
      ]);
      await session.ready;
      const line = `a=$(stty -g); ${launcherPath} attach ${socket}; [ "$a" = "$(stty -g)" ] && echo same`;
      const { stdout } = await underTerminal(line);
      assert.match(stdout, /same/);
    });
  });

  it("hangs the session up when it is closed, and nothing is left", async () => {
    await withTerminal(shell, async (terminal, session, init) => {
      await says(terminal, "ready> ");
      // Waiting, not reading: the kernel wakes who reads a closed terminal before it sends SIGHUP (pty_close).
      terminal.type("sleep 1000 & echo star''ted; sleep 1000\n");
      await says(terminal, "started");
      const processes = () => [init, ...childrenOf(init), ...childrenOf(init).flatMap(childrenOf)];
      await until(() => processes().length === 4, "the shell waits");
      const inside = processes();
      terminal.process.kill("SIGKILL");
      const { code, events } = await session.ended;
      assert.deepEqual([code, events.at(-1)?.signal], [129, "SIGHUP"]);
      assert.deepEqual(inside.filter(isAlive), []);
    });
  });

  it("works without a socket too, on the launcher's own terminal", async () => {
    const args = [...idMaps, ...hostPrograms].map((text) => `'${text}'`).join(" ");
    const line = `stty rows 11 cols 22; ${launcherPath} run ${args} --tty -- /bin/sh -c 'stty size; tty; exit 6'`;
    const { stdout, status } = await underTerminal(line);
    assert.equal(status, 6);
    assert.match(stdout, /11 22\r\n\/dev\/pts\/0\r\n/);
  });
});

describe("the launcher's socket", withIds, () => {
  it("belongs to who may attach, is for one client, and then is gone", asRoot, async () => {
    const owner = ["--owner", "65533:65532"];
    await withTerminal(
      shell,
      async (terminal, _session, _init, socket) => {
        await says(terminal, "ready> ");
        assert.equal(existsSync(socket), false);
        const { status, stderr } = spawnSync(launcherPath, ["attach", socket], {
          encoding: "utf8",
        });
        assert.equal(status, 125);
        assert.match(stderr, /^terrarium: .*already attached, or it has ended; open a new one\n$/);
      },
      owner,
    );
  });

  it("has the owner's ids and mode 0600", asRoot, async () => {
    await withDirectory(async (directory) => {
      const socket = join(directory, "attach");
      const session = start([
        "run",
        "--owner",
        "65533:65532",
        "--dev",
        "/dev",
        "--listen",
        socket,
        "--",
        "true",
      ]);
      await session.ready;
      const { uid, gid, mode } = statSync(socket);
      assert.deepEqual([uid, gid, mode & 0o777], [65533, 65532, 0o600]);
      session.process.kill("SIGTERM");
      const { code, events } = await session.ended;
      assert.deepEqual([code, events[1]?.stage, events[1]?.errno], [125, "attach", "EINTR"]);
      assert.equal(existsSync(socket), false);
    });
  });

  it("refuses another user even where the file's mode would let it in", asRoot, async () => {
    await withDirectory(async (directory) => {
      execFileSync("chmod", ["755", directory]);
      const socket = join(directory, "attach");
      const session = start([
        "run",
        ...idMaps,
        ...hostPrograms,
        "--listen",
        socket,
        "--",
        "echo",
        "hello",
      ]);
      await session.ready;
      execFileSync("chmod", ["666", socket]);
      const other = [
        "--reuid",
        "65531",
        "--regid",
        "65531",
        "--clear-groups",
        launcherPath,
        "attach",
        socket,
      ];
      assert.equal(spawnSync("setpriv", other, { encoding: "utf8" }).status, 125);
      assert.equal(
        spawnSync(launcherPath, ["attach", socket], { encoding: "utf8" }).stdout,
        "hello\n",
      );
      assert.equal((await session.ended).code, 0);
    });
  });

  it("is not believed by a client where another user listens", asRoot, async () => {
    await withDirectory(async (directory) => {
      execFileSync("chmod", ["777", directory]);
      const socket = join(directory, "attach");
      const prefix = ["setpriv", "--reuid", "65531", "--regid", "65531", "--clear-groups"];
      const session = start(["run", "--listen", socket, "--", "true"], { prefix });
      await session.ready;
      const { status, stderr } = spawnSync(launcherPath, ["attach", socket], { encoding: "utf8" });
      await stop(session);
      assert.equal(status, 125);
      assert.match(stderr, /belongs to another user: not attached/);
    });
  });

  it("reaches a directory whose path is longer than a socket's address", async () => {
    await withDirectory(async (directory) => {
      const deep = join(directory, "d".repeat(120));
      execFileSync("mkdir", [deep]);
      const socket = join(deep, "attach");
      const session = start([
        "run",
        ...idMaps,
        ...hostPrograms,
        "--listen",
        socket,
        "--",
        "echo",
        "deep",
      ]);
      await session.ready;
      assert.equal(
        spawnSync(launcherPath, ["attach", socket], { encoding: "utf8" }).stdout,
        "deep\n",
      );
      await session.ended;
    });
  });
});

describe("a session without a terminal", withIds, () => {
  it("gives the client's descriptors to the command, and its exit code to the client", async () => {
    await withDirectory(async (directory) => {
      const socket = join(directory, "attach");
      const session = start([
        "run",
        ...idMaps,
        ...hostPrograms,
        "--listen",
        socket,
        "--",
        "/bin/sh",
        "-c",
        "cat; echo e >&2; exit 7",
      ]);
      await session.ready;
      const client = spawnSync(launcherPath, ["attach", socket], { input: "in", encoding: "utf8" });
      assert.deepEqual([client.status, client.stdout, client.stderr], [7, "in", "e\n"]);
      assert.equal((await session.ended).code, 7);
    });
  });

  it("never hands a terminal over: the command gets pipes", async () => {
    await withDirectory(async (directory) => {
      const socket = join(directory, "attach");
      const script = "for i in 0 1 2; do [ -t $i ] || echo no; done; read x; echo got $x; exit 2";
      const session = start([
        "run",
        ...idMaps,
        ...hostPrograms,
        "--listen",
        socket,
        "--",
        "/bin/sh",
        "-c",
        script,
      ]);
      await session.ready;
      const terminal = attach(socket);
      await says(terminal, "no\r\nno\r\nno");
      terminal.type("word\n");
      assert.equal(await terminal.ended, 2);
      assert.match(terminal.output(), /got word/);
      await session.ended;
    });
  });

  it("passes the client's signals on, and hangs up when the client dies", async () => {
    for (const [signal, expected] of [
      ["SIGTERM", 15],
      ["SIGKILL", 1],
    ] as const) {
      await withDirectory(async (directory) => {
        const socket = join(directory, "attach");
        const script =
          "trap 'exit 15' TERM; trap 'exit 1' HUP; echo set; while :; do sleep 0.02; done";
        const session = start([
          "run",
          ...idMaps,
          ...hostPrograms,
          "--listen",
          socket,
          "--",
          "/bin/sh",
          "-c",
          script,
        ]);
        await session.ready;
        const client = spawn(launcherPath, ["attach", socket], {
          stdio: ["ignore", "pipe", "inherit"],
        });
        await new Promise((resolve) => client.stdout.once("data", resolve));
        client.kill(signal);
        assert.equal((await session.ended).code, expected);
      });
    }
  });

  it("tells the client why the command could not begin", async () => {
    await withDirectory(async (directory) => {
      const socket = join(directory, "attach");
      const session = start([
        "run",
        ...idMaps,
        ...hostPrograms,
        "--listen",
        socket,
        "--",
        "no-such-command",
      ]);
      await session.ready;
      const { status, stderr } = spawnSync(launcherPath, ["attach", socket], { encoding: "utf8" });
      assert.equal(status, 127);
      assert.match(
        stderr,
        /^terrarium: exec: execve no-such-command: No such file or directory.*\n$/,
      );
      assert.equal((await session.ended).code, 127);
    });
  });
});

describe("launcher --sync-fd", withIds, () => {
  it("holds the command back until its byte comes", async () => {
    const session = start(["run", ...idMaps, ...hostPrograms, "--sync-fd", "4", "--", "true"]);
    const init = await session.ready;
    assert.deepEqual(childrenOf(init), []);
    assert.match(readFileSync(`/proc/${init}/comm`, "utf8"), /terrarium-init/);
    const pipe = session.process.stdio[4];
    assert.ok(pipe && "write" in pipe);
    pipe.write("x");
    assert.equal((await session.ended).code, 0);
  });
});
