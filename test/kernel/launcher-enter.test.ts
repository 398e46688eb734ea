import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import {
  asleep,
  asRoot,
  isAlive,
  type LauncherEvent,
  launch,
  launcherPath,
  namespaceOf,
  type Session,
  start,
  startSleeper,
  statusOf,
  stop,
  underTerminal,
  until,
  withDirectory,
  withIds,
} from "./launcher.ts";

const all = "pid,mnt,net,uts,ipc,cgroup,user";
const types = all.split(",");
const follow = ["--follow", "--seccomp", "default", "--env", "PATH=/usr/bin:/bin"];

const startTime = (pid: number): string =>
  readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /s, "")
    .split(" ")[19] ?? "";

const error = (events: readonly LauncherEvent[]): (string | undefined)[] => {
  const found = events.find(({ event }) => event === "error");
  return [found?.stage, found?.errno];
};

/** The uppermost cgroup that is seen here may be one with processes, as in a container. */
function givesControllers(directories: readonly string[], controller: string): boolean {
  try {
    for (const directory of directories) {
      writeFileSync(`${directory}/cgroup.subtree_control`, `+${controller}`);
    }
    return true;
  } catch {
    return false;
  }
}

/** With what is in it and below it, whether or not the test came to its end. */
async function removeBusy(directory: string): Promise<void> {
  const leaf = `${directory}/terrarium-enter`;
  if (existsSync(leaf)) {
    writeFileSync(`${leaf}/cgroup.kill`, "1");
    await until(() => readFileSync(`${leaf}/cgroup.procs`, "utf8") === "", "nobody is in it");
    rmdirSync(leaf);
  }
  rmdirSync(directory);
}

describe("launcher enter", withIds, () => {
  let sandbox: { session: Session; init: number; command: number };
  before(async () => {
    sandbox = await startSleeper(["--uid", "1000", "--gid", "1001", "--hostname", "entered"]);
  });
  after(async () => {
    await stop(sandbox.session);
  });

  const enter = (script: string, options: readonly string[] = follow, namespaces = all) =>
    launch([
      ...["enter", "--pid", String(sandbox.command), "--namespaces", namespaces, ...options],
      ...["--", "/bin/sh", "-c", script],
    ]);

  it("joins every namespace that was named", async () => {
    const session = start([
      ...["enter", "--pid", String(sandbox.command), "--namespaces", all, ...follow],
      ...["--", "sleep", "1000"],
    ]);
    const pid = await session.ready;
    await asleep(pid);
    for (const type of types)
      assert.equal(namespaceOf(pid, type), namespaceOf(sandbox.command, type), type);
    session.process.kill("SIGTERM");
    const { code, events } = await session.ended;
    assert.equal(code, 143);
    assert.equal(events[0]?.namespaces?.["net"], namespaceOf(sandbox.command, "net"));
  });

  it("joins only those that were named", asRoot, async () => {
    const { stdout } = await enter(
      "readlink /proc/self/ns/net /proc/self/ns/uts; id -u",
      ["--env", "PATH=/bin"],
      "net",
    );
    const [net, uts, uid] = stdout.trim().split("\n");
    assert.equal(net, readlinkSync(`/proc/${sandbox.command}/ns/net`));
    assert.equal(uts, readlinkSync("/proc/self/ns/uts"));
    assert.equal(uid, "0", "without --follow the caller stays who it is");
  });

  it("has the target's ids, groups, capability sets, no_new_privs and filter", async () => {
    const session = start([
      ...["enter", "--pid", String(sandbox.command), "--namespaces", all, ...follow],
      ...["--", "sleep", "1000"],
    ]);
    const pid = await session.ready;
    await asleep(pid);
    const keys = [
      "Uid",
      "Gid",
      "Groups",
      "CapInh",
      "CapPrm",
      "CapEff",
      "CapBnd",
      "CapAmb",
      "NoNewPrivs",
      "Seccomp",
    ];
    for (const key of keys) assert.equal(statusOf(pid, key), statusOf(sandbox.command, key), key);
    session.process.kill("SIGTERM");
    await session.ended;
  });

  /* Its capabilities are those of its own user namespace, and would be the host's here. */
  it("row 15, CVE-2022-31214: refuses to follow a process into less than its user namespace", async () => {
    for (const namespaces of ["mnt", "net,mnt,pid"]) {
      const { code, events, stdout } = await enter("echo entered", follow, namespaces);
      // The kernel lets nobody but root get that far.
      const stage = asRoot.skip ? "namespaces" : "follow";
      assert.deepEqual([code, ...error(events), stdout], [125, stage, "EPERM", ""], namespaces);
    }
  });

  it("sees the sandbox's processes and is one of them", async () => {
    const { stdout, code } = await enter("cat /proc/1/comm /proc/2/comm; hostname; id -u; exit 9");
    assert.deepEqual([stdout, code], ["terrarium-init\nsleep\nentered\n1000\n", 9]);
  });

  it("row 1, CVE-2016-9962: gives the command descriptors 0, 1 and 2 and no others", async () => {
    const { stdout } = await enter("ls /proc/$$/fd");
    assert.equal(stdout.trim().replace(/\s+/g, " "), "0 1 2");
  });

  it("makes its terminal in the sandbox's own devpts, owned by the target's user", async () => {
    const line = `${launcherPath} enter --pid ${sandbox.command} --namespaces ${all} ${follow.join(" ")} --tty`;
    const { stdout, status } = await underTerminal(
      `${line} -- /bin/sh -c 'tty; stat -c %u $(tty); exit 4'`,
    );
    assert.equal(stdout, "/dev/pts/0\r\n1000\r\n");
    assert.equal(status, 4);
  });

  it("uses a terminal of the host's where the mount namespace is not joined", asRoot, async () => {
    const line = `${launcherPath} enter --pid ${sandbox.command} --namespaces net --env PATH=/bin --tty`;
    const { stdout, status } = await underTerminal(`${line} -- /bin/sh -c 'test -t 0 && tty'`);
    assert.match(stdout, /^\/dev\/pts\/\d+\r\n$/);
    assert.equal(status, 0);
  });

  it("starts in the target's working directory, or in the one that was asked for", async () => {
    const other = await startSleeper(["--chdir", "/usr/share"]);
    const at = ["enter", "--pid", String(other.command), "--namespaces", all, ...follow];
    assert.equal((await launch([...at, "--", "pwd"])).stdout, "/usr/share\n");
    assert.equal((await launch([...at, "--chdir", "/usr/lib", "--", "pwd"])).stdout, "/usr/lib\n");
    await stop(other.session);
  });

  it("row 3, CVE-2024-21626: refuses a working directory that a magic link leads out of the root", async () => {
    for (const directory of ["/proc/self/fd/3", "/proc/self/fd/7", "/proc/1/root"]) {
      const { code, events } = await enter("pwd", [...follow, "--chdir", directory]);
      assert.deepEqual([code, events.at(0)?.stage], [125, "chdir"], directory);
    }
  });

  it("joins a cgroup of either version before the namespaces", asRoot, async () => {
    const hybrid = ["pids", "unified"].map((name) => `/sys/fs/cgroup/${name}`);
    const hierarchies = hybrid.every(existsSync) ? hybrid : ["/sys/fs/cgroup"];
    const cgroups = hierarchies.map((path) => `${path}/terrarium-test-${process.pid}`);
    const options = cgroups.flatMap((cgroup) => ["--cgroup", cgroup]);
    for (const cgroup of cgroups) mkdirSync(cgroup);
    try {
      const { stdout, code } = await enter("grep -c '' /proc/self/cgroup", [...follow, ...options]);
      assert.equal(code, 0, stdout);
      const session = start([
        ...["enter", "--pid", String(sandbox.command), "--namespaces", all, ...follow],
        ...[...options, "--", "sleep", "1000"],
      ]);
      const pid = await session.ready;
      await asleep(pid);
      for (const cgroup of cgroups) {
        assert.match(readFileSync(`${cgroup}/cgroup.procs`, "utf8"), new RegExp(`^${pid}\\n`));
      }
      session.process.kill("SIGTERM");
      await session.ended;
      assert.ok(cgroups.every(existsSync), "they are not enter's to remove");
    } finally {
      await until(() => {
        for (const cgroup of cgroups.filter(existsSync)) rmdirSync(cgroup);
        return true;
      }, "the cgroup can be removed");
    }
  });

  it(
    "row 31: joins a leaf of a cgroup that may hold no process, and removes it",
    asRoot,
    async (t) => {
      const mount = ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"].find((path) =>
        existsSync(`${path}/cgroup.subtree_control`),
      );
      assert.ok(mount);
      // With cpu, cpuset and pids alone, which are threaded, a cgroup may hold processes still.
      const offered = readFileSync(`${mount}/cgroup.controllers`, "utf8").trim().split(" ");
      const controller = ["memory", "io", "hugetlb"].find((name) => offered.includes(name));
      const parent = `${mount}/terrarium-busy-${process.pid}`;
      mkdirSync(parent);
      t.after(() => removeBusy(parent));
      if (!controller || !givesControllers([mount, parent], controller)) {
        return t.skip("version 2 has no controller to give to a cgroup below this one");
      }
      const session = start([
        ...["enter", "--pid", String(sandbox.command), "--namespaces", all, ...follow],
        ...["--cgroup", parent, "--", "sleep", "1000"],
      ]);
      const pid = await session.ready;
      await asleep(pid);
      assert.equal(readFileSync(`${parent}/terrarium-enter/cgroup.procs`, "utf8"), `${pid}\n`);
      session.process.kill("SIGTERM");
      await session.ended;
      assert.equal(existsSync(`${parent}/terrarium-enter`), false);
    },
  );

  it("row 25: accepts the right start time and refuses another one", async () => {
    const right = ["--start-time", startTime(sandbox.command), ...follow];
    assert.equal((await enter("exit 3", right)).code, 3);
    const { code, events } = await enter("exit 3", ["--start-time", "1", ...follow]);
    assert.deepEqual([code, ...error(events)], [125, "target", "ESRCH"]);
  });

  it("dies with its monitor", async () => {
    const session = start([
      ...["enter", "--pid", String(sandbox.command), "--namespaces", all, ...follow],
      ...["--", "sleep", "1000"],
    ]);
    const pid = await session.ready;
    await asleep(pid);
    session.process.kill("SIGKILL");
    await until(() => !isAlive(pid), "it is gone");
    assert.equal(isAlive(sandbox.command), true);
  });

  it("ends with the sandbox", async () => {
    const other = await startSleeper();
    const session = start([
      ...["enter", "--pid", String(other.command), "--namespaces", all, ...follow],
      ...["--", "sleep", "1000"],
    ]);
    await asleep(await session.ready);
    await stop(other.session);
    const { code, events } = await session.ended;
    assert.deepEqual([code, events.at(-1)?.signal], [137, "SIGKILL"]);
  });
});

describe("launcher enter on other targets", withIds, () => {
  it("refuses a process that is gone", async () => {
    const { pid } = spawnSync("true");
    const { code, events } = await launch([
      "enter",
      "--pid",
      String(pid),
      "--namespaces",
      "net",
      "--",
      "true",
    ]);
    assert.deepEqual([code, ...error(events)], [125, "target", "ESRCH"]);
    assert.match(events[0]?.hint ?? "", /has ended/);
  });

  it("refuses a process that has ended but was not waited for", async () => {
    // A child that ended before the shell has become sleep would be waited for by the shell.
    const script =
      "(until grep -qx sleep /proc/$$/comm; do sleep 0.05; done) & echo $!; exec sleep 1000";
    const parent = spawn("/bin/sh", ["-c", script], { stdio: ["ignore", "pipe", "ignore"] });
    const pid = await new Promise<number>((resolve) => {
      parent.stdout.once("data", (bytes: Buffer) => resolve(Number(bytes.toString())));
    });
    await until(() => statusOf(pid, "State").startsWith("Z"), "it is a zombie");
    const { code, events } = await launch([
      "enter",
      "--pid",
      String(pid),
      "--namespaces",
      "net,mnt",
      "--",
      "true",
    ]);
    parent.kill("SIGKILL");
    assert.deepEqual([code, events[0]?.stage], [125, "target"]);
  });

  it("enters a process whose name holds spaces and parentheses", asRoot, async () => {
    await withDirectory(async (directory) => {
      const program = join(directory, "a) R 1 (b");
      spawnSync("cp", ["/bin/sleep", program]);
      const target = spawn(program, ["1000"], { stdio: "ignore" });
      const pid = target.pid ?? 0;
      await until(() => readFileSync(`/proc/${pid}/comm`, "utf8").startsWith("a) R"), "it runs");
      const ticks =
        readFileSync(`/proc/${pid}/stat`, "utf8")
          .replace(/^.*\) /s, "")
          .split(" ")[19] ?? "";
      const { code } = await launch([
        "enter",
        "--pid",
        String(pid),
        "--start-time",
        ticks,
        "--namespaces",
        "net",
        "--",
        "/bin/true",
      ]);
      target.kill("SIGKILL");
      assert.equal(code, 0);
    });
  });

  it("enters a chroot at the target's root", asRoot, async () => {
    const target = spawn("chroot", ["/usr", "/bin/sleep", "1000"], { stdio: "ignore", cwd: "/" });
    await until(() => readlinkSync(`/proc/${target.pid}/root`) === "/usr", "it is there");
    const pid = String(target.pid);
    const { stdout } = await launch([
      "enter",
      "--pid",
      pid,
      "--namespaces",
      "mnt",
      "--",
      "/bin/ls",
      "/",
    ]);
    assert.match(stdout, /^bin$/m);
    assert.doesNotMatch(stdout, /^proc$/m);
    target.kill("SIGKILL");
  });

  it("reports the kernel's answer when an ordinary user may not join", asRoot, async () => {
    const sandbox = await startSleeper();
    const prefix = ["setpriv", "--reuid", "65533", "--regid", "65533", "--clear-groups"];
    const { code, events } = await launch(
      ["enter", "--pid", String(sandbox.command), "--namespaces", all, "--", "true"],
      { prefix },
    );
    await stop(sandbox.session);
    assert.equal(code, 125);
    assert.match(events[0]?.errno ?? "", /^(EPERM|EACCES)$/);
  });

  it("takes over a target that has capabilities and groups of its own", asRoot, async () => {
    const target = spawn(
      "setpriv",
      [
        "--reuid",
        "65530",
        "--regid",
        "65529",
        "--groups",
        "65520,65521",
        "--inh-caps=-all,+net_raw",
        "--ambient-caps=-all,+net_raw",
        "--bounding-set=-all,+net_raw,+chown",
        "--no-new-privs",
        "sleep",
        "1000",
      ],
      { stdio: "ignore" },
    );
    const pid = target.pid ?? 0;
    await asleep(pid);
    const session = start([
      "enter",
      "--pid",
      String(pid),
      "--namespaces",
      "net",
      ...follow,
      "--",
      "sleep",
      "1000",
    ]);
    const entered = await session.ready;
    await asleep(entered);
    for (const key of [
      "Uid",
      "Gid",
      "Groups",
      "CapInh",
      "CapPrm",
      "CapEff",
      "CapBnd",
      "CapAmb",
      "NoNewPrivs",
    ])
      assert.equal(statusOf(entered, key), statusOf(pid, key), key);
    session.process.kill("SIGTERM");
    await session.ended;
    target.kill("SIGKILL");
  });
});
