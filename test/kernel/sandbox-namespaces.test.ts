import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { type NamespaceType, namespaceTypes } from "../../helper/protocol/namespaces.ts";
import type { SandboxPlan } from "../../helper/protocol/plan.ts";
import { mainProcess } from "../../helper/protocol/processes.ts";
import { eventually, inspect, json, list, startSandbox, terrarium } from "./cli.ts";
import { needsRoot, startIsolated } from "./isolated.ts";
import { launcherPath } from "./launcher.ts";
import { assertNothingLeft, takeInventory } from "./leftovers.ts";

const link = (pid: number | "self", type: NamespaceType) => readlinkSync(`/proc/${pid}/ns/${type}`);

/** The host's pid of a sandbox's command. */
async function mainOf(name: string): Promise<number> {
  const main = mainProcess((await inspect(name)).processes);
  assert.ok(main);
  return main.pid;
}

/** Shells that have not become one yet are none. */
async function sleepersIn(name: string): Promise<number> {
  return (await inspect(name)).processes.filter(({ command }) => command === "sleep").length;
}

const run = (...words: string[]) => terrarium.run(["run", ...words]);

/** A process whose user namespace holds the host's group of root, and not its user. */
async function startInRootsGroup(t: TestContext): Promise<number> {
  const words = ["--reuid", "4242", "--clear-groups", "unshare", "--user", "--map-current-user"];
  const { pid } = spawn("setpriv", [...words, "sleep", "600"]).once("error", assert.ifError);
  assert.ok(pid);
  t.after(() => process.kill(pid, "SIGKILL"));
  const map = () => readFileSync(`/proc/${pid}/gid_map`, "utf8").trim().split(/ +/).join(" ");
  await eventually("its groups are mapped", async () => map() === "0 0 1");
  return pid;
}

describe("--namespace", needsRoot, () => {
  test("joins one of another sandbox, and of no other type", async (t) => {
    const other = await startSandbox(t, ["--namespace", "time=new"], ["sleep", "600"]);
    const theirs = await mainOf(other.name);
    for (const type of ["net", "ipc", "uts", "cgroup", "time"] as const) {
      const options = ["--namespace", `${type}=${other.name}`];
      const { name } = await startSandbox(t, options, ["sleep", "600"]);
      const own = await mainOf(name);
      const shared = namespaceTypes.filter((one) => link(own, one) === link(theirs, one));
      assert.deepEqual(shared, [type]);
      const { stdout } = await terrarium.run(["inspect", name]);
      assert.match(stdout, new RegExp(`^namespace +${type} .* shared with ${other.name}$`, "m"));
      assert.match(stdout, /^namespace +pid .* own$/m);
    }
  });

  test("joins another sandbox's processes or files only as who is there", async (t) => {
    const other = await startSandbox(t, ["--hostname", "jar"], ["sleep", "600"]);
    const theirs = await mainOf(other.name);
    for (const type of ["pid", "mnt", "user"] as const) {
      const options = ["--namespace", `${type}=${other.id}`];
      const { name } = await startSandbox(t, options, ["sleep", "600"]);
      const own = await mainOf(name);
      const shared = namespaceTypes.filter((one) => link(own, one) === link(theirs, one));
      assert.deepEqual(
        shared.filter((one) => one !== "time"),
        [...new Set([type, "user"])],
      );
      assert.deepEqual((await inspect(name)).uidMap, (await inspect(other.name)).uidMap);
    }
  });

  test("joins a process's, and one that a file names", async (t) => {
    const { pid } = await startIsolated(t, ["--net", "--ipc"]);
    const { stdout } = await run(
      ...["--namespace", `net=${pid}`, "--namespace", `ipc=/proc/${pid}/ns/ipc`],
      ...["--", "readlink", "/proc/self/ns/net", "/proc/self/ns/ipc"],
    );
    assert.equal(stdout, `${link(pid, "net")}\n${link(pid, "ipc")}\n`);
  });

  test("exec enters what is the sandbox's own, and shares what it shares", async (t) => {
    const other = await startSandbox(t, [], ["sleep", "600"]);
    const options = ["--namespace", `net=${other.name}`, "--namespace", "pid=host"];
    const { name } = await startSandbox(
      t,
      [...options, "--time-offset", "boottime=86400"],
      ["sleep", "600"],
    );
    const own = await mainOf(name);
    const { stdout } = await terrarium.run([
      ...["exec", name, "--", "readlink"],
      ...namespaceTypes.map((type) => `/proc/self/ns/${type}`),
    ]);
    assert.deepEqual(
      stdout.trim().split("\n"),
      namespaceTypes.map((type) => link(own, type)),
    );
  });

  test("a sandbox among the host's processes lists its own only, and ends whole", async (t) => {
    const before = takeInventory();
    const daemon = "(setsid sleep 600 &); exec sleep 600";
    const { name } = await startSandbox(t, ["--namespace", "pid=host"], ["sh", "-c", daemon]);
    assert.equal((await terrarium.run(["exec", name, "--", "true"])).code, 0);
    await eventually("the daemon runs", async () => (await sleepersIn(name)) === 2);
    const [summary] = (await list()).filter((one) => one.name === name);
    assert.deepEqual(
      summary?.processes.map(({ command }) => command),
      [...["sleep", "sleep", "terrarium-init"]],
    );
    assert.equal((await terrarium.run(["rm", "-f", name])).code, 0);
    await assertNothingLeft(before);
  });

  test("what the joined sandbox's PID 1 does not end is ended with the one that joined", async (t) => {
    const before = takeInventory();
    const other = await startSandbox(t, [], ["sleep", "600"]);
    const daemon = "(setsid sleep 600 &); exec sleep 600";
    const { name } = await startSandbox(
      t,
      ["--namespace", `pid=${other.name}`],
      ["sh", "-c", daemon],
    );
    await eventually("the daemon runs", async () => (await sleepersIn(name)) === 2);
    assert.equal((await terrarium.run(["rm", "-f", name])).code, 0);
    assert.equal((await inspect(other.name)).processes.length, 2);
    assert.equal((await terrarium.run(["rm", "-f", other.name])).code, 0);
    await assertNothingLeft(before);
  });

  test("is refused, and nothing is left, where it makes no sense", async (t) => {
    const { name } = await startSandbox(t, [], ["sleep", "600"]);
    const ended = await startIsolated(t, ["--net"]);
    await ended.end();
    const { pid } = await startIsolated(t, ["--user", "--map-root-user", "--pid", "--fork"]);
    const wheel = await startInRootsGroup(t);
    const before = takeInventory();
    const namespace = (text: string) => ["--namespace", text];
    for (const [options, sentence] of [
      [namespace("user=host"), /would run as the host's root/],
      [namespace(`user=${pid}`), /holds the host's root/],
      [namespace(`user=${wheel}`), /holds the host's root/],
      [namespace(`pid=${process.pid}`), /holds the host's root/],
      [namespace("user=/proc/self/ns/user"), /by a sandbox or a process, not by a path/],
      [[...namespace("mnt=host"), "-v", "/opt:/opt"], /own: in another one they would change/],
      [[...namespace("uts=host"), "--hostname", "x"], /would rename the others/],
      [[...namespace("pid=host"), "--no-init"], /Terrarium's init ends what/],
      [[...namespace(`pid=${name}`), ...namespace("mnt=x")], /name one target/],
      [[...namespace(`pid=${name}`), ...namespace("user=new")], /leave namespaces.user out/],
      [[...namespace("net=host"), "--network", "none"], /say different things/],
      [[...namespace("time=host"), "--time-offset", "boottime=1"], /namespaces.time is another/],
      [namespace("net=no-such"), /There is no sandbox "no-such"/],
      [namespace(`net=${ended.pid}`), /There is no process/],
      [namespace("net=/nowhere"), /The net namespace of \/nowhere cannot be joined/],
      [namespace("net=/etc/passwd"), /it is no net namespace/],
      [namespace("network=host"), /one of pid, mnt, net/],
      [namespace("net"), /It is written net=host/],
      [["--network", "bridge"], /one of none, veth, nat, host/],
      [["--time-offset", "boottime=-99999999999"], /ERANGE/],
      [["--time-offset", "realtime=1"], /one of boottime, monotonic/],
    ] as const) {
      const ran = await run(...options, "--", "true");
      assert.equal(ran.code, 125, options.join(" "));
      assert.match(ran.stderr, sentence, options.join(" "));
    }
    await assertNothingLeft(before);
  });

  test("looks at what it shall join before it opens it: a named pipe's writer waits on", async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "terrarium-join-"));
    t.after(() => rmSync(folder, { recursive: true }));
    const pipe = join(folder, "pipe");
    execFileSync("mkfifo", [pipe]);
    const writer = spawn("sh", ["-c", `exec 3> ${pipe}; exec sleep 600`]);
    t.after(() => writer.kill("SIGKILL"));
    const direct = spawnSync(launcherPath, ["run", "--namespace", "net", pipe, "--", "true"]);
    assert.match(direct.stderr.toString(), /it is no net namespace/);
    for (const words of [["--plan"], ["--", "true"]]) {
      const { stderr } = await run("--namespace", `net=${pipe}`, ...words);
      assert.match(stderr, /it is no net namespace/);
    }
    assert.ok(!existsSync(`/proc/${writer.pid}/fd/3`), "nobody has opened the other end");
  });

  test("the plan says what would be joined, and other tools' words follow", async (t) => {
    const { name } = await startSandbox(t, [], ["sleep", "600"]);
    const asked = ["--namespace", `net=${name}`, "--namespace", "ipc=host"];
    const offset = ["--time-offset", "monotonic=-1.5"];
    const plan = await json<SandboxPlan>(["run", "--plan", ...asked, ...offset]);
    const [joined] = plan.joined;
    assert.equal(joined?.type, "net");
    assert.equal(readlinkSync(joined?.path ?? ""), link(await mainOf(name), "net"));
    assert.deepEqual(plan.timeOffsets, ["monotonic -2 500000000"]);
    assert.deepEqual(
      plan.cloneFlags.filter((flag) => /NET|IPC|TIME/.test(flag)),
      ["CLONE_NEWTIME"],
    );
    const as = async (tool: string) => (await run("--as", tool, ...asked, ...offset)).stdout;
    assert.match(await as("podman"), new RegExp(`--network ns:${joined?.path}`));
    assert.match(await as("docker"), /# not expressed: net namespace joined: .*\n/);
    assert.match(await as("docker"), /--ipc host/);
    assert.match(await as("bwrap"), new RegExp(`nsenter --net=${joined?.path} \\\\\n  bwrap`));
    assert.match(await as("unshare"), /unshare .*--time --monotonic -2/);
    const { linux } = JSON.parse(await as("oci"));
    assert.deepEqual(linux.timeOffsets, { monotonic: { secs: -2, nanosecs: 500_000_000 } });
    assert.deepEqual(
      linux.namespaces.find(({ type }: { type: string }) => type === "network"),
      { type: "network", path: joined?.path },
    );
    assert.ok(linux.namespaces.every(({ type }: { type: string }) => type !== "ipc"));
  });
});

describe("what a shared namespace opens is closed by Landlock", needsRoot, () => {
  const node = (script: string) => ["--", process.execPath, "-e", script];
  const nodeInside = ["-v", `${process.execPath}:${process.execPath}:ro`];

  test("CVE-2020-15257: no abstract socket of the host's network is reached", async (t) => {
    const name = `\0terrarium-test-${process.pid}`;
    const server = createServer((socket) => socket.end("reached"));
    server.listen({ path: name });
    await once(server, "listening");
    t.after(() => server.close());
    const connect = `require("net").connect({path: ${JSON.stringify(name)}})
      .on("error", (error) => console.log(error.code)).on("data", (data) => console.log(String(data)))`;
    const { stdout } = await run("--network", "host", ...nodeInside, ...node(connect));
    assert.equal(stdout, "EPERM\n");
  });

  test("no process outside is signalled, although it can be seen", async (t) => {
    const other = await startSandbox(t, [], ["sleep", "600"]);
    // Of the very same user namespace, so that the same uid is the right to signal.
    const victim = await mainOf(other.name);
    const inside = readFileSync(`/proc/${victim}/status`, "utf8");
    const [, innerPid = ""] = /^NSpid:\t\d+\t(\d+)$/m.exec(inside) ?? [];
    const { stdout } = await run(
      ...["--namespace", `pid=${other.name}`, "--", "sh", "-c"],
      `cat /proc/${innerPid}/comm; kill -0 ${innerPid} 2>&1`,
    );
    assert.match(stdout, /^sleep\n.*Operation not permitted/);
  });

  test("nor is it killed by a limit of its processor time, for which Landlock does not ask", async (t) => {
    const other = await startSandbox(t, [], ["sleep", "600"]);
    const victim = await mainOf(other.name);
    const [, innerPid = ""] =
      /^NSpid:\t\d+\t(\d+)$/m.exec(readFileSync(`/proc/${victim}/status`, "utf8")) ?? [];
    const limit = ["prlimit", "--pid", innerPid, "--cpu=1:1"];
    const { stderr } = await run("--namespace", `pid=${other.name}`, "--", ...limit);
    assert.match(stderr, /Operation not permitted/);
    assert.match(readFileSync(`/proc/${victim}/limits`, "utf8"), /^Max cpu time +unlimited/m);
  });
});
