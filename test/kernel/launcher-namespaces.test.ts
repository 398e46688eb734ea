import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { startIsolated, strangerId } from "./isolated.ts";
import {
  asleep,
  asRoot,
  childrenOf,
  hostPrograms,
  idMaps,
  launch,
  launcherPath,
  namespaceOf,
  runShell,
  type Session,
  start,
  startSleeper,
  stop,
  until,
  withDirectory,
} from "./launcher.ts";

const types = ["cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"] as const;
type Type = (typeof types)[number];

const choose = (type: Type, how: string) => ["--namespace", type, how];

/** Somebody else's eight namespaces: another sandbox's, by hand so that they are owned by its user namespace. */
async function startNeighbour(t: TestContext): Promise<number> {
  const { session, command } = await startSleeper(choose("time", "new"));
  t.after(() => stop(session));
  return command;
}

/** What a sandbox that has no user or mount namespace of its own cannot be given. */
function optionsFor(type: Type): readonly string[] {
  if (type === "mnt") return ["--env", "PATH=/usr/bin:/bin", ...idMaps];
  return type === "user" ? hostPrograms : [...hostPrograms, ...idMaps];
}

/** A cgroup by which everything in a joined pid namespace is killed. */
function makeCgroup(t: TestContext): string {
  const [mount = ""] = cgroupMounts();
  const directory = join(mount, `terrarium-test-${process.pid}-${Math.random()}`);
  mkdirSync(directory);
  t.after(() => {
    try {
      rmdirSync(directory);
    } catch {
      // The launcher removed it, as it should.
    }
  });
  return directory;
}

function cgroupMounts(): string[] {
  const mounts = readFileSync("/proc/self/mounts", "utf8").split("\n");
  return mounts.flatMap((line) => {
    const [, place = "", type] = line.split(" ");
    return type === "cgroup2" ? [place] : [];
  });
}

async function startSharing(t: TestContext, options: readonly string[]): Promise<Sharing> {
  const session = start(["run", ...options, "--", "sleep", "1000"]);
  t.after(() => stop(session));
  const init = await session.ready;
  const command = await until(() => childrenOf(init)[0], "the command runs");
  await asleep(command);
  return { session, init, command };
}

interface Sharing {
  readonly session: Session;
  readonly init: number;
  readonly command: number;
}

/** A copy of the launcher, because the checkout may lie where an ordinary user may not go. */
function launchAs(id: number, options: readonly string[]) {
  return withDirectory(async (directory) => {
    const copy = join(directory, "launcher");
    copyFileSync(launcherPath, copy);
    chmodSync(directory, 0o755);
    const identity = ["--reuid", `${id}`, "--regid", `${id}`, "--clear-groups"];
    return spawnSync("setpriv", [...identity, copy, "run", ...options, "--", "true"], {
      encoding: "utf8",
    });
  });
}

describe("the namespaces of a sandbox", asRoot, () => {
  for (const type of types) {
    test(`${type}: new, which no process outside is in`, async (t) => {
      const options = [...hostPrograms, ...idMaps, ...choose(type, "new")];
      const { init, command } = await startSharing(t, options);
      assert.notEqual(namespaceOf(command, type), namespaceOf("self", type));
      assert.equal(namespaceOf(command, type), namespaceOf(init, type));
    });

    test(`${type}: the host's`, async (t) => {
      const { session, command } = await startSharing(t, [
        ...optionsFor(type),
        ...choose(type, "host"),
      ]);
      for (const other of types) {
        const shared = namespaceOf(command, other) === namespaceOf("self", other);
        assert.equal(shared, other === type || other === "time", other);
      }
      await stop(session);
    });

    test(`${type}: joined by path`, async (t) => {
      const neighbour = await startNeighbour(t);
      const joined: readonly Type[] = ["mnt", "pid"].includes(type) ? [type, "user"] : [type];
      const options = joined.flatMap((one) => choose(one, `/proc/${neighbour}/ns/${one}`));
      if (type === "pid") options.push("--cgroup", makeCgroup(t));
      const root = type === "mnt" ? ["--env", "PATH=/usr/bin:/bin"] : hostPrograms;
      const ids = joined.includes("user") ? [] : idMaps;
      const { command } = await startSharing(t, [...root, ...ids, ...options]);
      for (const other of types) {
        const shared = namespaceOf(command, other) === namespaceOf(neighbour, other);
        assert.equal(shared, joined.includes(other), other);
      }
    });
  }

  test("the ready event names them as they are, with a joined mount namespace too", async (t) => {
    const neighbour = await startNeighbour(t);
    const { session, command } = await startSharing(
      t,
      (["mnt", "user"] as const).flatMap((type) => choose(type, `/proc/${neighbour}/ns/${type}`)),
    );
    const expected = Object.fromEntries(types.map((type) => [type, namespaceOf(command, type)]));
    const { events } = await stop(session);
    assert.deepEqual(events.find(({ event }) => event === "ready")?.namespaces, expected);
  });

  test("a namespace that a file keeps alive is joined as well", async () => {
    await withDirectory(async (directory) => {
      const file = join(directory, "net");
      writeFileSync(file, "");
      execFileSync("unshare", [`--net=${file}`, "true"]);
      const { ino } = statSync(file);
      const ran = runShell("readlink /proc/self/ns/net", choose("net", file));
      const { stdout } = await ran.finally(() => execFileSync("umount", [file]));
      assert.equal(stdout, `net:[${ino}]\n`);
    });
  });

  test("what is no namespace, or one of another type, or gone, is refused and nothing is left", async (t) => {
    const { pid, end } = await startIsolated(t, ["--net"]);
    await end();
    await withDirectory(async (directory) => {
      const pipe = join(directory, "pipe");
      execFileSync("mkfifo", [pipe]);
      for (const [path, errno, hint] of [
        ["/etc/passwd", "EINVAL", /it is no net namespace/],
        [pipe, "EINVAL", /it is no net namespace/],
        ["/proc/self/ns/uts", "EINVAL", /it is no net namespace/],
        [`/proc/${pid}/ns/net`, "ENOENT", /the process has ended/],
      ] as const) {
        const { code, events } = await runShell("true", choose("net", path));
        const [error, exit] = events;
        assert.deepEqual([code, error?.errno, error?.path, exit?.code], [125, errno, path, 125]);
        assert.match(error?.hint ?? "", hint);
      }
    });
  });

  test("the kernel's refusal to join is told in words", async () => {
    const { stdout, stderr } = await launchAs(strangerId, [
      "--namespace",
      "net",
      "/proc/self/ns/net",
    ]);
    assert.equal(stdout, "");
    assert.match(stderr, /setns \/proc\/self\/ns\/net: Operation not permitted; .*CAP_SYS_ADMIN/);
    const user = await launchAs(strangerId, ["--namespace", "user", "host"]);
    assert.match(user.stderr, /clone3: Operation not permitted; only root makes other namespaces/);
    const denied = await launchAs(strangerId, ["--namespace", "net", "/proc/1/ns/net"]);
    assert.match(
      denied.stderr,
      /open \/proc\/1\/ns\/net: Permission denied; it belongs to another/,
    );
  });

  test("the host's processes are seen, and what every engine hides of /proc stays hidden", async () => {
    const hidden = ["interrupts", "kcore", "keys", "sched_debug", "timer_list", "timer_stats"];
    const { stdout } = await runShell(
      `cd /proc; cat ${hidden.join(" ")} 2>/dev/null | wc -c; ls /proc/acpi /proc/scsi; cut -d " " -f 5,6 /proc/self/mountinfo;
       test -r /proc/${process.pid}/comm && echo seen; ls /proc/${process.pid}/fd 2>&1`,
      choose("pid", "host"),
    );
    assert.match(stdout, /^0\n/);
    assert.doesNotMatch(stdout, /^(device_info|wakeup|event)$/m);
    assert.match(stdout, /^\/proc ro,/m);
    for (const path of ["sys", "irq", "bus", "fs", "sysrq-trigger"]) {
      if (!existsSync(`/proc/${path}`)) continue;
      assert.match(stdout, new RegExp(`^/proc/${path} ro,`, "m"));
    }
    assert.match(stdout, /\nseen\n.*Permission denied\n$/);
  });

  test("CVE-2019-5736: beside a joined user namespace's processes it runs from a sealed copy", async (t) => {
    const neighbour = await startNeighbour(t);
    const options = choose("user", `/proc/${neighbour}/ns/user`);
    const { init } = await startSharing(t, [...hostPrograms, ...options]);
    assert.match(readlinkSync(`/proc/${init}/exe`), /^\/memfd:launcher/);
  });

  test("what makes no sense together is refused with the reason", async () => {
    for (const [options, reason] of [
      [[...choose("user", "host"), ...idMaps], /has its map already/],
      [[...choose("user", "host"), "--idmap-bind", "/usr", "/usr"], /take the map of a new/],
      [[...choose("mnt", "host"), "--ro-bind", "/usr", "/usr"], /mount namespace of the sandbox's/],
      [[...choose("mnt", "host"), "--rootfs", "/"], /mount namespace of the sandbox's own/],
      [[...choose("uts", "host"), "--hostname", "x"], /would rename the others too/],
      [[...choose("pid", "host"), "--no-init"], /init ends the rest/],
      [choose("pid", "/proc/self/ns/pid"), /give --cgroup/],
      [["--time-offset", "boottime 1 0"], /--namespace time new/],
      [choose("net", "none"), /is not new, host or an absolute path/],
      [choose("net", "proc/self/ns/net"), /is not new, host or an absolute path/],
      [["--namespace", "network", "host"], /is no namespace type/],
    ] as const) {
      const { code, events } = await launch(["run", ...options, "--", "true"]);
      assert.equal(code, 125);
      assert.match(events[0]?.hint ?? "", reason);
    }
  });
});

describe("clocks", asRoot, () => {
  const uptime = () => Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]);
  const own = ["--namespace", "time", "new"];

  test("boot time and monotonic time are shifted, and the host's are not", async () => {
    const before = uptime();
    const { stdout } = await runShell("cat /proc/uptime /proc/self/timens_offsets", [
      ...own,
      ...["--time-offset", "boottime 864000 0", "--time-offset", "monotonic 3600 5"],
    ]);
    const [inside = ""] = stdout.split(" ");
    assert.ok(Number(inside) >= before + 864_000 && Number(inside) < uptime() + 864_001);
    assert.match(stdout, /^monotonic +3600 +5\nboottime +864000 +0$/m);
    assert.ok(uptime() < before + 60_000);
  });

  test("an offset that the kernel cannot take is refused", async () => {
    for (const [offset, errno] of [
      ["boottime -99999999999 0", "ERANGE"],
      ["realtime 1 0", "EINVAL"],
      ["boottime", "EINVAL"],
    ] as const) {
      const { code, events } = await runShell("true", [...own, "--time-offset", offset]);
      assert.deepEqual([code, events[0]?.stage, events[0]?.errno], [125, "time", errno]);
      assert.equal(events[0]?.path, offset);
    }
  });
});
