import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { readDeviceNodes } from "../../helper/kernel/devices.ts";
import { readStat } from "../../helper/kernel/procfs.ts";
import type { IsolationLine, IsolationReport } from "../../helper/protocol/isolation.ts";
import { clientOfUser, eventually, json, startSandbox, terrarium, uniqueName } from "./cli.ts";
import { isRoot, needsRoot, startPlain } from "./isolated.ts";
import { attempt, childrenOf } from "./launcher.ts";
import { makeRootfs } from "./rootfs.ts";

const user = 4242;

function report(target: string | number, client = terrarium): Promise<IsolationReport> {
  return json(["inspect", "--isolation", `${target}`], client);
}

/** `name: level` of the lines asked for. */
function levels({ lines }: IsolationReport, ...names: readonly string[]) {
  return names.map((name) => `${name}: ${lines.find((line) => line.name === name)?.level}`);
}

function line({ lines }: IsolationReport, name: string): IsolationLine {
  const found = lines.find((candidate) => candidate.name === name);
  assert.ok(found, name);
  return found;
}

async function reportOn(t: TestContext, ...options: readonly string[]): Promise<IsolationReport> {
  const { name } = await startSandbox(t, options, ["sleep", "600"]);
  return report(name);
}

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "terrarium-isolation-"));
  chmodSync(folder, 0o755);
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

describe("the isolation report", needsRoot, () => {
  const ofUser = clientOfUser(user);

  test("on a default sandbox finds nothing open, and only what it was not asked to close", async (t) => {
    const found = await reportOn(t);
    const others = found.lines.filter(({ level }) => level !== "closed");
    assert.deepEqual(
      others.map(({ name, level }) => `${name}: ${level}`),
      [
        "time: partly",
        ...(line(found, "security module").level === "partly" ? ["security module: partly"] : []),
        ...["Landlock: partly", "memory: partly", "processes: partly", "processor time: partly"],
        ...["kernel: partly", "machine figures: partly"],
      ],
    );
    assert.match(line(found, "seccomp").fact, /^on, \d+ filters?$/);
    assert.match(line(found, "user outside").fact, /nobody's$/);
    assert.equal(line(found, "pid").source, `/proc/${found.process.pid}/ns/pid`);
  });

  test("names what was opened: network, capabilities, system calls, a folder", async (t) => {
    const shared = await reportOn(t, "--network", "host");
    assert.deepEqual(levels(shared, "net", "network"), ["net: open", "network: open"]);
    assert.match(line(shared, "network").fact, /^the host's: lo/);

    const capable = await reportOn(t, "--cap-add", "NET_ADMIN", "--seccomp", "none");
    const changed = levels(capable, "capabilities", "seccomp");
    assert.deepEqual(changed, ["capabilities: partly", "seccomp: open"]);
    assert.match(line(capable, "capabilities").fact, /own user namespace only: .*NET_ADMIN/);

    const folder = temporaryFolder(t);
    const writing = line(await reportOn(t, "-v", `${folder}:/data`), "host files");
    assert.deepEqual([writing.level, writing.fact], ["partly", `writable: ${folder}`]);
    const reading = line(await reportOn(t, "-v", `${folder}:/data:ro`), "host files");
    assert.equal(reading.level, "closed");
  });

  test("says who shares a namespace that is not the host's", async (t) => {
    const { name } = await startSandbox(t, [], ["sleep", "600"]);
    const found = await reportOn(t, "--namespace", `net=${name}`);
    assert.equal(line(found, "net").level, "partly");
    assert.match(line(found, "net").fact, /shared with .*sleep/);
    assert.equal(line(found, "pid").level, "closed");
  });

  test("says what Landlock closes of a shared network", async (t) => {
    const found = await reportOn(t, "--network", "host");
    const { level, fact } = line(found, "abstract sockets");
    const closes = /abstract-sockets/.test(line(found, "Landlock").fact);
    assert.equal(level === "closed" && /Landlock/.test(fact), closes);
    // The same network, and no sandbox of ours: nobody tells of a rule.
    assert.notEqual(line(await report(process.pid), "abstract sockets").level, "closed");
  });

  test("finds the lowest limit of the cgroup and of those above it", async (t) => {
    const found = await reportOn(t, "-m", "64m", "--pids-limit", "50", "--cpus", "0.5");
    const facts = ["memory", "processes", "processor time"].map((name) => line(found, name).fact);
    assert.deepEqual(facts, ["64 MB at most", "50 at most", "0.5 processors at most"]);
    for (const name of ["memory", "processes", "processor time"]) {
      assert.ok(readFileSync(line(found, name).source, "utf8"), name);
    }
    // What it names as the remedy closes it.
    const { name } = await startSandbox(t, [], ["sleep", "600"]);
    const { remedy = "" } = line(await report(name), "memory");
    assert.equal((await terrarium.run(remedy.split(" ").slice(1))).code, 0, remedy);
    assert.equal(line(await report(name), "memory").level, "closed");
    // A cgroup below it that sets nothing has the same.
    const { source } = line(found, "memory");
    const child = join(source, "..", "child");
    mkdirSync(child);
    const { pid } = found.process;
    writeFileSync(join(child, "cgroup.procs"), `${pid}`);
    assert.deepEqual(line(await report(pid), "memory"), line(found, "memory"));
    writeFileSync(join(source, "..", "cgroup.procs"), `${pid}`);
    rmdirSync(child);
  });

  test("on a process of the host finds next to nothing closed", async (t) => {
    const { pid } = await startPlain(t);
    const found = await report(pid);
    const open = ["pid", "mnt", "net", "capabilities", "user outside", "seccomp", "host files"];
    assert.deepEqual(
      levels(found, ...open, "network", "host devices"),
      [...open, "network", "host devices"].map((name) => `${name}: open`),
    );
    assert.equal(line(found, "Landlock").level, "unknown");
    assert.equal(found.sandbox, undefined);
    const mayset = levels(found, "wall clock")[0];
    const sets = /Cap(Prm):\s+(\w+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[2];
    const bit = (BigInt(`0x${sets}`) >> 25n) & 1n;
    assert.equal(mayset, bit ? "wall clock: open" : "wall clock: closed");
  });

  test("on bubblewrap's names the folder, the devices and the sockets that it was given", async (t) => {
    const folder = temporaryFolder(t);
    const socket = join(folder, "listening");
    const server = createServer().listen(socket);
    t.after(() => server.close());
    await once(server, "listening");
    const bare = await bubblewrap(t, "--dev", "/dev");
    assert.deepEqual(levels(bare, "pid", "net", "user", "host files", "host devices"), [
      ...["pid: closed", "net: closed", "user: closed"],
      ...["host files: closed", "host devices: closed"],
    ]);
    assert.deepEqual(levels(bare, "seccomp", "user outside"), [
      "seccomp: open",
      "user outside: open",
    ]);
    assert.match(line(bare, "socket files").fact, new RegExp(socket));

    const given = await bubblewrap(t, "--dev-bind", "/dev", "/dev", "--bind", folder, folder);
    assert.deepEqual(levels(given, "host files", "host devices"), [
      "host files: partly",
      "host devices: open",
    ]);
    assert.match(line(given, "host files").fact, new RegExp(`^writable: .*${folder}`));

    const hidden = await bubblewrap(t, "--dev", "/dev", "--tmpfs", folder);
    assert.doesNotMatch(line(hidden, "socket files").fact, new RegExp(socket));
  });

  test("on a container of runc's says that its capabilities count on the whole machine", async (t) => {
    const found = await report(await startContainer(t));
    assert.deepEqual(levels(found, "pid", "mnt", "net", "user", "no_new_privs", "network"), [
      ...["pid: closed", "mnt: closed", "net: closed", "user: partly"],
      ...["no_new_privs: closed", "network: closed"],
    ]);
    assert.match(line(found, "capabilities").fact, /whole machine: .*KILL/);
    assert.deepEqual(levels(found, "capabilities", "user outside", "host devices", "wall clock"), [
      ...["capabilities: partly", "user outside: open"],
      ...["host devices: closed", "wall clock: closed"],
    ]);
  });

  test("tells an ordinary user what it may not read of another's process, and why", async (t) => {
    const { pid } = await startPlain(t);
    const found = await report(pid, ofUser);
    for (const name of ["pid", "user", "host devices", "keyrings"]) {
      assert.deepEqual(
        [line(found, name).level, line(found, name).fact],
        ["unknown", "not known: EACCES"],
      );
    }
    assert.equal(line(found, "seccomp").level, "open");
  });

  test("on an ordinary user's own sandbox is complete", async (t) => {
    const { name } = await startSandbox(t, [], ["sleep", "600"], ofUser);
    const found = await report(name, ofUser);
    assert.deepEqual(
      levels(found, "pid", "mnt", "net", "user", "capabilities", "host files", "host devices"),
      ["pid", "mnt", "net", "user", "capabilities", "host files", "host devices"].map(
        (what) => `${what}: closed`,
      ),
    );
    assert.match(line(found, "user outside").fact, new RegExp(`^uid ${user}`));
    assert.match(line(found, "pid").fact, /as far as may be read$/);
  });

  test("is text without colours where nobody looks, and refuses what does not run", async (t) => {
    const { name } = await startSandbox(t, [], ["sleep", "600"]);
    const { stdout } = await terrarium.run(["inspect", "--isolation", name]);
    assert.match(stdout, new RegExp(`^What sandbox ${name}, process \\d+ \\(sleep\\) can still`));
    assert.match(stdout, /^● pid +its own, \d+ +\/proc\/\d+\/ns\/pid$/m);
    assert.ok(!stdout.includes("\u001b"));

    const cut = `${terrarium.command.join(" ")} inspect --isolation ${name} | :; echo "\${PIPESTATUS[0]}"`;
    const { stdout: status, stderr } = spawnSync("bash", ["-c", cut], { encoding: "utf8" });
    assert.deepEqual([status, stderr], ["141\n", ""]);

    const refused = async (...words: readonly string[]) => {
      const ran = await terrarium.run(["inspect", "--isolation", ...words]);
      assert.deepEqual([ran.code, ran.stdout], [125, ""]);
      return ran.stderr;
    };
    assert.match(await refused("4194304"), /There is no process 4194304/);
    assert.match(
      await refused("--config", "x.json"),
      /--isolation and --config do not go together/,
    );
    const created = uniqueName();
    t.after(() => terrarium.run(["rm", "-f", created]));
    await terrarium.run(["create", "--name", created, "--", "true"]);
    assert.match(await refused(created), /is not running/);
  });
});

test("devices are known by their number, whatever the file is called", { skip: !isRoot }, (t) => {
  const folder = temporaryFolder(t);
  execFileSync("mknod", [join(folder, "null"), "c", "1", "7"]);
  mkdirSync(join(folder, "deep"));
  execFileSync("mknod", [join(folder, "deep", "disk"), "b", "7", "0"]);
  const nodes = readDeviceNodes(folder, "/dev");
  assert.deepEqual(
    nodes.toSorted((a, b) => a.path.localeCompare(b.path)),
    [
      { path: "/dev/deep/disk", name: "loop0", block: true },
      { path: "/dev/null", name: "full", block: false },
    ],
  );
});

/** Of the command inside: bwrap's own child is PID 1 there, and the command PID 2. */
async function bubblewrap(t: TestContext, ...options: readonly string[]) {
  const view = ["--unshare-all", "--ro-bind", "/", "/", "--proc", "/proc", ...options];
  const marker = `${600_000 + process.pid}`;
  const child = spawn("bwrap", [...view, "--die-with-parent", "sleep", marker], {
    stdio: "ignore",
  });
  const ended = once(child, "exit");
  t.after(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  let pid: number | undefined;
  await eventually("bubblewrap's command runs", () => {
    pid = descendants(child.pid ?? 0).find((each) => readStat(each)?.command === "sleep");
    return pid;
  });
  return report(pid ?? 0);
}

/** None of one that has ended meanwhile. */
function descendants(pid: number): readonly number[] {
  const below = attempt(() => childrenOf(pid)) ?? [];
  return below.flatMap((child) => [child, ...descendants(child)]);
}

/** `runc spec`'s own container, with a command that sleeps; answers its pid. */
async function startContainer(t: TestContext): Promise<number> {
  const id = uniqueName();
  // Before its folder goes, with runc's own record of it: hooks run in the order in which they were given.
  t.after(() => runc("delete", "-f", id));
  const folder = temporaryFolder(t);
  makeRootfs(join(folder, "rootfs"));
  execFileSync("runc", ["spec"], { cwd: folder });
  const file = join(folder, "config.json");
  const config = JSON.parse(readFileSync(file, "utf8"));
  config.process.terminal = false;
  config.process.args = ["/bin/busybox", "sleep", "600"];
  writeFileSync(file, JSON.stringify(config));
  const runc = (...words: readonly string[]) =>
    execFileSync("runc", ["--root", join(folder, "state"), ...words], {
      stdio: ["ignore", "pipe", "inherit"],
      encoding: "utf8",
    });
  const log = spawn("runc", ["--root", join(folder, "state"), "run", "-d", "-b", folder, id], {
    stdio: "ignore",
  });
  await once(log, "exit");
  return JSON.parse(runc("state", id)).pid;
}
