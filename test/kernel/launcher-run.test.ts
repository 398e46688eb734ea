import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, it } from "node:test";
import {
  asRoot,
  childrenOf,
  hostPrograms,
  idMaps,
  isAlive,
  launch,
  launcherPath,
  namespaceOf,
  runShell,
  start,
  startSleeper,
  statusOf,
  stop,
  until,
  withIds,
} from "./launcher.ts";

const types = ["cgroup", "ipc", "mnt", "net", "pid", "user", "uts"];

describe("launcher run", withIds, () => {
  it("gives the command a pid of its own world: init is PID 1, the command PID 2", async () => {
    const { stdout, code } = await runShell("echo $$; cat /proc/1/comm; ls -d /proc/[0-9]*");
    assert.equal(code, 0);
    assert.match(stdout, /^2\nterrarium-init\n\/proc\/1\n\/proc\/2\n/);
  });

  it("makes all namespaces but time new, and says which", async () => {
    const { session, init } = await startSleeper();
    const { events } = await stop(session);
    assert.equal(events[0]?.pid, init);
    for (const type of types) {
      const inode = events[0]?.namespaces?.[type];
      assert.ok(inode, type);
      assert.notEqual(inode, namespaceOf("self", type), type);
    }
  });

  it("reports the namespaces that the kernel shows for init", asRoot, async () => {
    const { session, init } = await startSleeper();
    const seen = Object.fromEntries(types.map((type) => [type, namespaceOf(init, type)]));
    const { events } = await stop(session);
    assert.partialDeepStrictEqual(events[0]?.namespaces, seen);
  });

  it("shows neither the host's paths nor its arguments in init's command line", async () => {
    const { stdout } = await runShell("tr '\\0' ' ' < /proc/1/cmdline", ["--hostname", "secret"]);
    assert.equal(stdout.trim(), "terrarium-init");
  });

  it("sets the host name inside and leaves the host's", async () => {
    const before = spawnSync("hostname", { encoding: "utf8" }).stdout;
    const { stdout } = await runShell("hostname", ["--hostname", "terrarium-x"]);
    assert.equal(stdout, "terrarium-x\n");
    assert.equal(spawnSync("hostname", { encoding: "utf8" }).stdout, before);
  });

  it("brings the loopback up and nothing else", async () => {
    const { stdout } = await runShell(
      "cat /proc/net/dev | tail -n +3 | cut -d: -f1; grep -c '' /proc/net/if_inet6",
    );
    assert.equal(stdout.trim().replace(/\s+/g, " "), "lo 1");
  });

  it("row 16, CVE-2020-17368: passes arguments with odd bytes on as they are", async () => {
    const odd = ["a b", "", '";id;#', "line\nbreak", "--opt", "$(id)", "ünï", "*"];
    const script = 'for a in "$@"; do printf "<%s>" "$a"; done';
    const { stdout } = await launch([
      "run",
      ...idMaps,
      ...hostPrograms,
      "--",
      "/bin/sh",
      "-c",
      script,
      "sh",
      ...odd,
    ]);
    assert.equal(stdout, odd.map((text) => `<${text}>`).join(""));
  });

  it("gives the command exactly the environment that was asked for", async () => {
    const { stdout } = await launch([
      "run",
      ...idMaps,
      ...hostPrograms,
      "--env",
      "A=1=2",
      "--env",
      "B=",
      "--",
      "/usr/bin/env",
    ]);
    assert.equal(stdout, "PATH=/usr/bin:/bin\nA=1=2\nB=\n");
  });

  it("passes standard input and output through", async () => {
    const { stdout, stderr } = await launch(
      ["run", ...idMaps, ...hostPrograms, "--", "/bin/sh", "-c", "cat; echo error >&2"],
      { input: "grüße\n" },
    );
    assert.deepEqual([stdout, stderr], ["grüße\n", "error\n"]);
  });

  it("lets a reader see the end when the command closes its output", async () => {
    const session = start([
      "run",
      ...idMaps,
      ...hostPrograms,
      "--",
      "/bin/sh",
      "-c",
      "exec >&-; read line",
    ]);
    await new Promise((resolve) => session.process.stdout?.once("end", resolve));
    session.process.stdin?.end("\n");
    assert.equal((await session.ended).code, 0);
  });

  it("starts in the working directory that was asked for, and in / without one", async () => {
    assert.equal((await runShell("pwd", ["--chdir", "/usr/share"])).stdout, "/usr/share\n");
    assert.equal((await runShell("pwd")).stdout, "/\n");
  });

  it("keeps the caller's umask", async () => {
    const { stdout } = await launch(
      ["run", ...idMaps, ...hostPrograms, "--", "/bin/sh", "-c", "umask"],
      {
        prefix: ["/bin/sh", "-c", 'umask 027; exec "$@"', "sh"],
      },
    );
    assert.equal(stdout, "0027\n");
  });

  it("reaps orphans", async () => {
    // The orphan's parent ends first; init has ten seconds.
    const script = `(sh -c 'exit 3' & exec sleep 0.05) & wait
      for i in $(seq 100); do grep -q 'State:.Z' /proc/[0-9]*/status || exec echo reaped; sleep 0.1; done`;
    assert.equal((await runShell(script)).stdout, "reaped\n");
  });

  it("passes signals on to the command", async () => {
    for (const signal of ["SIGTERM", "SIGHUP", "SIGINT", "SIGUSR1"] as const) {
      const name = signal.slice(3);
      const script = `trap 'echo got; exit 9' ${name}; echo set; while :; do sleep 0.02; done`;
      const session = start(["run", ...idMaps, ...hostPrograms, "--", "/bin/sh", "-c", script]);
      await new Promise((resolve) => session.process.stdout?.once("data", resolve));
      session.process.kill(signal);
      const { stdout, code } = await session.ended;
      assert.deepEqual([signal, stdout, code], [signal, "set\ngot\n", 9]);
    }
  });

  it("ends with the command, and takes with it what the command left behind", async () => {
    const session = start([
      "run",
      ...idMaps,
      ...hostPrograms,
      "--",
      "/bin/sh",
      "-c",
      "sleep 1000 & read line; exit 4",
    ]);
    const init = await session.ready;
    const left = await until(() => childrenOf(childrenOf(init)[0] ?? 0)[0], "the child runs");
    session.process.stdin?.end("\n");
    assert.equal((await session.ended).code, 4);
    assert.equal(isAlive(left), false);
  });
});

describe("the launcher's status events", withIds, () => {
  const names = async (options: readonly string[], command: string): Promise<string[]> => {
    const args = ["run", ...idMaps, ...hostPrograms, ...options, "--", command];
    return (await launch(args)).events.map(({ event }) => event);
  };

  it("say in order that it is ready, has started and has ended", async () => {
    for (const options of [[], ["--no-init"]])
      assert.deepEqual(await names(options, "true"), ["ready", "started", "exit"]);
  });

  it("never say that a command has started which could not be executed", async () => {
    for (const options of [[], ["--no-init"]])
      assert.deepEqual(await names(options, "nothing"), ["ready", "error", "exit"]);
  });

  it("are valid JSON whatever bytes a path holds", async () => {
    const path = '/no/"such"\\\n\x1bü';
    const { events } = await launch(["run", ...idMaps, "--bind", path, "/x", "--", "true"]);
    assert.equal(events[0]?.path, path);
  });
});

describe("launcher run --no-init", withIds, () => {
  it("makes the command PID 1", async () => {
    const { stdout, code } = await runShell("echo $$; exit 5", ["--no-init"]);
    assert.deepEqual([stdout, code], ["1\n", 5]);
  });

  it("reports a command that cannot be executed", async () => {
    const { code, events } = await launch([
      "run",
      ...idMaps,
      "--dev",
      "/dev",
      "--no-init",
      "--",
      "/nothing",
    ]);
    assert.equal(code, 127);
    assert.deepEqual(
      [events[1]?.stage, events[1]?.errno, events[2]?.code],
      ["exec", "ENOENT", 127],
    );
  });
});

describe("the launcher's exit code", withIds, () => {
  const cases: readonly [string, readonly string[], number, string | null][] = [
    ["0 after success", ["true"], 0, null],
    ["the command's own", ["/bin/sh", "-c", "exit 42"], 42, null],
    ["126 for a file that cannot be executed", ["/etc"], 126, null],
    ["127 for a command that is not found", ["no-such-command"], 127, null],
    ["127 for a path that is not found", ["/no/such/command"], 127, null],
    ["128+n after a signal", ["/bin/sh", "-c", "kill -KILL $$"], 137, "SIGKILL"],
  ];
  for (const [name, command, code, signal] of cases) {
    it(name, async () => {
      const result = await launch([
        "run",
        ...idMaps,
        ...hostPrograms,
        "--ro-bind",
        "/etc",
        "/etc",
        "--",
        ...command,
      ]);
      const exit = result.events.at(-1);
      assert.deepEqual([result.code, exit?.code, exit?.signal], [code, code, signal]);
    });
  }

  it("is 137 when somebody kills init", async () => {
    const { session, init } = await startSleeper();
    process.kill(init, "SIGKILL");
    const { code, events } = await session.ended;
    assert.deepEqual([code, events.at(-1)?.signal], [137, "SIGKILL"]);
  });
});

describe("launcher options", () => {
  const refusals: readonly [string, readonly string[], RegExp][] = [
    [
      "an unknown option, naming the nearest",
      ["run", "--hostnam", "x", "--", "true"],
      /unknown option --hostnam; the nearest is --hostname/,
    ],
    ["a missing command", ["run", "--tty"], /no command/],
    ["a missing value", ["run", "--hostname"], /--hostname needs NAME/],
    ["a user id of -1", ["run", "--uid", "-1", "--", "true"], /not a number/],
    ["a user id of 4294967295", ["run", "--uid", "4294967295", "--", "true"], /not a number/],
    ["an empty user id", ["run", "--uid", "", "--", "true"], /not a number/],
    ["an owner without a group", ["run", "--owner", "1000:", "--", "true"], /not UID:GID/],
    ["a relative mount point", ["run", "--tmpfs", "tmp", "--", "true"], /must be an absolute path/],
    [
      "a mount on the root",
      ["run", "--bind", "/", "//", "--", "true"],
      /must be an absolute path below the root/,
    ],
    ["an unknown capability", ["run", "--keep-cap", "CAP_MAGIC", "--", "true"], /no capability/],
    [
      "an unknown namespace",
      ["enter", "--pid", "1", "--namespaces", "net,wifi", "--", "true"],
      /'wifi' is no namespace/,
    ],
    ["an unknown face", ["fly"], /usage/],
  ];
  for (const [name, args, sentence] of refusals) {
    it(`refuse ${name}, in one sentence and with 125`, () => {
      const { status, stderr } = spawnSync(launcherPath, args, { encoding: "utf8" });
      assert.equal(status, 125);
      assert.match(stderr, sentence);
      assert.equal(stderr.trimEnd().split("\n").length, 1);
    });
  }

  it("come NUL-separated from a descriptor too", withIds, async () => {
    const session = start(["run", "--args", "4", "--", "/bin/sh", "-c", "hostname"]);
    const pipe = session.process.stdio[4];
    assert.ok(pipe && "end" in pipe);
    pipe.end([...idMaps, ...hostPrograms, "--hostname", "from-args", ""].join("\0"));
    session.process.stdin?.end();
    assert.equal((await session.ended).stdout, "from-args\n");
  });

  it("are all shown by --help", () => {
    const { stdout, status } = spawnSync(launcherPath, ["--help"], { encoding: "utf8" });
    assert.equal(status, 0);
    for (const option of ["--ro-idmap-bind SRC DST", "--start-time TICKS", "--owner UID:GID"])
      assert.ok(stdout.includes(option), option);
  });
});

describe("launcher run as an ordinary user", () => {
  const prefix = asRoot.skip
    ? []
    : ["setpriv", "--reuid", "65533", "--regid", "65533", "--clear-groups"];

  it("works with the one id that this user may map", async () => {
    const { stdout, code, events } = await launch(
      [
        "run",
        ...hostPrograms,
        "--",
        "/bin/sh",
        "-c",
        "id -u; id -g; echo $$; cat /proc/self/setgroups",
      ],
      { prefix },
    );
    assert.equal(code, 0, JSON.stringify(events));
    assert.equal(stdout, "0\n0\n2\ndeny\n");
    assert.ok(events[0]?.namespaces?.["mnt"]);
  });

  const owner = asRoot.skip && !withIds.skip ? "needs a user who may map no more ids" : false;
  it("says what more ids would need", { skip: owner }, async () => {
    const { code, events } = await launch(["run", ...idMaps, ...hostPrograms, "--", "true"], {
      prefix,
    });
    assert.equal(code, 125);
    assert.deepEqual([events[0]?.stage, events[0]?.errno], ["identity", "EPERM"]);
    assert.match(events[0]?.hint ?? "", /CAP_SETUID|newuidmap/);
  });
});

describe("a launched sandbox", withIds, () => {
  it("keeps the ids that were asked for", async () => {
    const { session, command } = await startSleeper(["--uid", "1000", "--gid", "1001"]);
    assert.equal(statusOf(command, "Uid"), "101000\t101000\t101000\t101000");
    assert.equal(statusOf(command, "Gid"), "101001\t101001\t101001\t101001");
    assert.equal(statusOf(command, "Groups"), "");
    await stop(session);
  });
});
