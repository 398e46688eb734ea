import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { terrarium } from "./cli.ts";
import { needsRoot } from "./isolated.ts";
import {
  hostPrograms,
  idMaps,
  start,
  startSleeper,
  stop,
  until,
  withDirectory,
} from "./launcher.ts";

/** Tries what its arguments name, one a line: tcp, udp or name, a host, a port. Prints the errno's name or "reached". */
const reach = `
import errno, socket, sys
for line in sys.argv[1:]:
    kind, host, port = line.split(" ")
    try:
        if kind == "name":
            socket.getaddrinfo(host, port)
        else:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            sort = socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM
            with socket.socket(family, sort) as one:
                one.settimeout(3)
                one.connect((host, int(port)))
                one.send(b"x")
        print(line, "reached")
    except socket.gaierror:
        print(line, "no such name")
    except OSError as error:
        print(line, errno.errorcode.get(error.errno, error))`;

describe("the network of a sandbox", needsRoot, () => {
  test("row 28: reaches nothing at all: not the host's loopback, no address, no name, by no variable", async (t) => {
    let connections = 0;
    const server = createServer((socket) => {
      connections += 1;
      socket.destroy();
    }).listen(0, "0.0.0.0");
    t.after(() => server.close());
    await once(server, "listening");
    const address = server.address();
    const port = typeof address === "object" ? address?.port : 0;
    const own = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
    const addresses = own.filter(({ family }) => family === "IPv4").map((one) => one.address);
    const tries = [
      ...[...new Set(["127.0.0.1", ...addresses])].map((host) => `tcp ${host} ${port}`),
      ...["tcp 192.0.2.1 443", "udp 192.0.2.1 443", "udp 192.0.2.1 53", "tcp 2001:db8::1 443"],
      "name example.org 443",
    ];
    const proxies = {
      HTTPS_PROXY: `http://127.0.0.1:${port}`,
      NO_PROXY: "*",
      ALL_PROXY: "socks5://x",
    };
    const { stdout } = await terrarium.run(
      ["run", "--", "sh", "-c", 'env | grep -ic proxy; python3 -c "$@"', "sh", reach, ...tries],
      { env: proxies },
    );
    const [variables, ...answers] = stdout.trim().split("\n");
    assert.equal(variables, "0");
    assert.equal(answers.length, tries.length);
    assert.deepEqual(
      answers.filter((line) => line.endsWith("reached")),
      [],
    );
    assert.equal(connections, 0);
    assert.match(
      execFileSync("python3", ["-c", reach, `tcp 127.0.0.1 ${port}`], { encoding: "utf8" }),
      /reached/,
    );
  });
});

describe("mounts", needsRoot, () => {
  /** A mount of the host that passes on what is mounted in it, as those of a desktop do. */
  const withSharedMount = (use: (place: string) => Promise<void>): Promise<void> =>
    withDirectory(async (directory) => {
      chmodSync(directory, 0o755);
      const place = join(directory, "shared");
      mkdirSync(place);
      execFileSync("mount", ["-t", "tmpfs", "-o", "mode=777", "tmpfs", place]);
      execFileSync("mount", ["--make-shared", place]);
      try {
        await use(place);
      } finally {
        execFileSync("umount", ["--recursive", place]);
      }
    });

  test("row 24: of the host can be taken away while a sandbox that sees them lives, and new ones do not arrive", () =>
    withSharedMount(async (place) => {
      const [old, late] = [join(place, "old"), join(place, "late")];
      for (const directory of [old, late]) mkdirSync(directory);
      execFileSync("mount", ["-t", "tmpfs", "tmpfs", old]);
      const { session, command } = await startSleeper(["--idmap-bind", place, "/data"]);
      execFileSync("umount", [old]);
      execFileSync("mount", ["-t", "tmpfs", "tmpfs", late]);
      const inside = readFileSync(`/proc/${command}/mountinfo`, "utf8");
      assert.match(inside, / \/data\/old /);
      assert.doesNotMatch(inside, / \/data\/late /);
      await stop(session);
    }));

  test("row 24: that are made inside, should a program be able to, appear nowhere outside", () =>
    withSharedMount(async (place) => {
      const script =
        "mkdir -p /data/new && mount -t tmpfs inside-only /data/new && echo mounted && exec sleep 1000";
      for (const bind of ["--bind", "--idmap-bind"]) {
        const options = [...idMaps, ...hostPrograms, bind, place, "/data"];
        const session = start([
          ...["run", ...options, "--keep-cap", "sys_admin", "--seccomp", "none"],
          ...["--", "sh", "-c", script],
        ]);
        const init = await session.ready;
        await until(() => session.output() === "mounted\n", "it mounts");
        assert.match(readFileSync(`/proc/${init}/mountinfo`, "utf8"), /inside-only/);
        assert.doesNotMatch(readFileSync("/proc/self/mountinfo", "utf8"), /inside-only/);
        await stop(session);
      }
    }));
});
