import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, type TestContext, test } from "node:test";
import { processIds, readStat, readStatus } from "../../helper/kernel/procfs.ts";
import { TerrariumError, toWireError } from "../../helper/protocol/errors.ts";
import { ownSocket } from "../../helper/protocol/helperSockets.ts";
import { tableKeys } from "../../helper/protocol/hostTables.ts";
import type { HelperConnection } from "../../helper/protocol/methods.ts";
import { makeCgroup } from "./cgroup-limits.ts";
import { eventually, inspect, startSandbox, uniqueName } from "./cli.ts";
import { agentOf, alice, bob, connectAs, end, helperCommand, speakFor, startGate } from "./gate.ts";
import { needsRoot, startIsolated } from "./isolated.ts";

const asleep = "exec sleep 600";

/** A process of a daemon's user, in namespaces that root made: no user namespace lets anybody else in. */
async function startDaemon(t: TestContext, script = asleep, more: readonly string[] = []) {
  const become = `setpriv --reuid ${bob} --regid ${bob} --clear-groups sh -c '${script}'`;
  const words = `read -r pid rest < /proc/self/stat; echo "$pid"; exec ${become}`;
  const daemon = await startIsolated(t, ["--ipc", "--mount", "--net", ...more], words);
  // It tells its number while it is root's shell.
  await eventually("it is the daemon's", () => {
    const command = readStat(daemon.pid)?.command ?? "";
    const isUsers = readStatus(daemon.pid)?.uid.effective === bob;
    return isUsers && (script === asleep ? command === "sleep" : command !== "setpriv");
  });
  return daemon;
}

/** A process of hers in a container of root's, as one that Docker runs with her uid: another is the first there. */
function startGuest(t: TestContext) {
  const become = `setpriv --reuid ${alice} --regid ${alice} --clear-groups`;
  const words = `${become} sh -c 'read -r pid rest </proc/self/stat; echo "$pid"; exec sleep 600' & wait`;
  return startIsolated(t, ["--ipc", "--mount", "--net", "--pid", "--fork"], words);
}

/** Has another process of the daemon's user get this number: proc_sys_kernel(5), ns_last_pid. */
function takeNumber(t: TestContext, pid: number): boolean {
  for (let attempt = 0; attempt < 50; attempt += 1) {
    writeFileSync("/proc/sys/kernel/ns_last_pid", `${pid - 1}`);
    const child = spawn("sleep", ["600"], { uid: bob, gid: bob, cwd: "/", stdio: "ignore" });
    if (child.pid === pid) {
      t.after(() => child.kill("SIGKILL"));
      return true;
    }
    child.kill("SIGKILL");
  }
  return false;
}

/** Root's helper in a terminal, as `sudo terrarium helper --socket` starts it; a person sits before it. */
function startInTerminal(t: TestContext, uid: number) {
  rmSync(ownSocket(uid), { force: true });
  const command = `env SUDO_UID=${uid} ${helperCommand().join(" ")} helper --socket`;
  const terminal = spawn("script", ["-qec", `exec ${command}`, "/dev/null"], {
    cwd: "/",
    stdio: ["pipe", "pipe", "inherit"],
  });
  let [seen, answered] = ["", 0];
  terminal.stdout.on("data", (part) => {
    seen += part;
  });
  t.after(() => end(terminal));
  return {
    terminal,
    path: ownSocket(uid),
    isAsked: () =>
      eventually("there is a question", () => seen.split("[y/N]").length === answered + 2),
    answer: (word: string) => {
      answered += 1;
      terminal.stdin.write(`${word}\r`);
    },
    seen: () => seen,
  };
}

async function sitDown(t: TestContext) {
  const helper = startInTerminal(t, alice);
  await eventually("it listens", () => existsSync(helper.path));
  const client = await connectAs(t, helper.path, alice);
  return { ...helper, client };
}

function folderFor(t: TestContext, uid: number): string {
  const folder = mkdtempSync(join(tmpdir(), "terrarium-gate-others-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  chmodSync(folder, 0o755);
  chownSync(folder, uid, uid);
  return folder;
}

const refusedAs = (why: string) => (error: unknown) =>
  TerrariumError.is(error, "notAuthorised") && error.args.why === why;

describe("what is somebody else's", needsRoot, () => {
  test("is not entered, ended or changed where nobody can be asked, and the audit log says why", async (t) => {
    const gate = await startGate(t);
    const client = await connectAs(t, gate.path, alice);
    const { pid } = await startDaemon(t);
    const startTimeTicks = readStat(pid)?.startTimeTicks ?? 0;
    const refused = refusedAs("noPolkit");
    const args = ["touch", "/tmp/never"];
    await assert.rejects(client.request("process/enter", { pid, args, stdio: "none" }), refused);
    await assert.rejects(client.request("process/kill", { pid, startTimeTicks }), refused);
    await assert.rejects(client.request("host/authorise", { what: "inspect" }), refused);
    assert.equal(readStat(pid)?.startTimeTicks, startTimeTicks);
    const entries = gate
      .log()
      .split("\n")
      .filter((line) => line.startsWith("audit "))
      .map((line) => JSON.parse(line.slice("audit ".length)));
    for (const [method, action] of [
      ["process/enter", "enter"],
      ["process/kill", "enter"],
      ["host/authorise", "inspect"],
    ]) {
      const entry = entries.find((one) => one.method === method);
      assert.equal(entry?.uid, alice, method);
      assert.equal(entry?.outcome, "notAuthorised");
      assert.equal(entry?.decision, `io.github.terrarium.${action}: noPolkit`);
    }
  });

  test("is not shown, nor what of it the kernel hides from its asker, until that is allowed", async (t) => {
    const gate = await startGate(t);
    const client = await connectAs(t, gate.path, alice);
    const { pid } = await startDaemon(t);
    const facts = await client.request("initialize", { client: "test", protocol: 1 });
    assert.deepEqual(
      [facts.uid, facts.asker, facts.privileged, facts.seesAll],
      [0, alice, true, false],
    );
    for (const method of ["process/inspect", "process/entry"] as const) {
      await assert.rejects(client.request(method, { pid }), (error) =>
        TerrariumError.is(error, "processDenied"),
      );
    }
    const { host } = await client.request("inventory/read", { tables: ["namespaces"] });
    assert.ok(host.deniedProcesses > 0);
  });

  test("is shown to who ran sudo: root's sandboxes as somebody's, theirs as their own, by nothing that they made up", async (t) => {
    const { client } = await sitDown(t);
    const ofRoot = await startSandbox(t, [], ["sleep", "600"]);
    const name = uniqueName();
    const spec = { name, args: ["sleep", "600"] };
    const { sandbox } = await client.request("sandbox/create", { spec, stdio: "none" });
    const registered = async () => {
      const { containers = [] } = await client.request("inventory/read", {
        tables: ["containers"],
      });
      return containers
        .filter(({ evidence }) => evidence.some(({ source }) => source === "registry"))
        .map((row) => [row.id, row.name, row.pid]);
    };
    assert.deepEqual(await registered(), [[sandbox.id, name, sandbox.pid]]);
    const { containers } = await client.request("inventory/read", { tables: ["containers"] });
    assert.ok(containers?.some(({ id }) => id === ofRoot.id));
    const registry = `/tmp/terrarium-${alice}/terrarium/sandboxes`;
    const record = JSON.parse(readFileSync(`${registry}/${sandbox.id}/record.json`, "utf8"));
    const pid = (await inspect(ofRoot.name)).pid ?? 0;
    const rootsInit = { pid, startTimeTicks: readStat(pid)?.startTimeTicks };
    const another = (await startDaemon(t, asleep, ["--pid", "--fork"])).pid;
    const daemon = { pid: another, startTimeTicks: readStat(another)?.startTimeTicks };
    const guest = (await startGuest(t)).pid;
    const inRoots = { pid: guest, startTimeTicks: readStat(guest)?.startTimeTicks };
    const [forged, stolen, linked] = ["abcdefabcdef", "abcdefabcded", "abcdefabcdee"];
    const claimed = "abcdefabcdec";
    for (const [id, init] of [
      [forged, rootsInit],
      [stolen, daemon],
      [claimed, inRoots],
    ] as const) {
      mkdirSync(`${registry}/${id}`);
      writeFileSync(`${registry}/${id}/record.json`, JSON.stringify({ ...record, id, init }));
      chownSync(`${registry}/${id}`, alice, alice);
      chownSync(`${registry}/${id}/record.json`, alice, alice);
    }
    symlinkSync(`${registry}/${sandbox.id}`, `${registry}/${linked}`);
    const again = (await sitDown(t)).client;
    const { containers: rows = [] } = await again.request("inventory/read", {
      tables: ["containers"],
    });
    const known = rows.filter(({ evidence }) =>
      evidence.some(({ source }) => source === "registry"),
    );
    assert.deepEqual(
      known.map(({ id }) => id),
      [sandbox.id],
    );
    for (const one of [forged, stolen, linked, claimed])
      rmSync(`${registry}/${one}`, { recursive: true });
    await again.request("sandbox/remove", { target: name, force: true });
  });

  test("is entered when the person at sudo's terminal says yes: as exactly who it is, once", async (t) => {
    const { client, isAsked, answer, seen } = await sitDown(t);
    const folder = folderFor(t, bob);
    const { pid } = await startDaemon(t);
    const said = join(folder, "said");
    const args = [
      "sh",
      "-c",
      `id -u > ${said}; id -G >> ${said}; grep CapEff /proc/self/status >> ${said}`,
    ];
    const entered = client.request("process/enter", { pid, args, stdio: "none" });
    await isAsked();
    assert.match(seen(), new RegExp(`wants to enter process ${pid} \\(sleep\\) of ${bob}\\.`));
    answer("y");
    await entered;
    await eventually(
      "it has run",
      () => existsSync(said) && readFileSync(said, "utf8").includes("CapEff"),
    );
    assert.equal(readFileSync(said, "utf8"), `${bob}\n${bob}\nCapEff:\t0000000000000000\n`);
    const again = client.request("process/enter", { pid, args: ["true"], stdio: "none" });
    await isAsked();
    answer("n");
    await assert.rejects(again, refusedAs("dismissed"));
  });

  test("is entered by its container's key, which the asker's own agent does not know", async (t) => {
    const { client, isAsked, answer, seen } = await sitDown(t);
    // Where /proc is that of before, the pid that is told is the host's.
    const { pid } = await startDaemon(t, asleep, ["--pid", "--fork"]);
    const { containers = [] } = await client.request("inventory/read", { tables: ["containers"] });
    const container = containers.find((one) => one.pid === pid);
    assert.ok(container, "it is among the containers");
    const target = tableKeys.containers(container);
    const entered = client.request("process/enter", { target, args: ["true"], stdio: "none" });
    await isAsked();
    assert.match(seen(), new RegExp(`wants to enter process ${pid} \\(sleep\\) of ${bob}\\.`));
    answer("y");
    await entered;
    const unknown = { target: `${target}-not`, args: ["true"], stdio: "none" as const };
    await assert.rejects(client.request("process/enter", unknown), (error) =>
      TerrariumError.is(error, "noSuchContainer"),
    );
  });

  test("has terminals to which only its asker can connect", async (t) => {
    const { client, isAsked, answer } = await sitDown(t);
    const { pid } = await startDaemon(t);
    const entering = client.request("process/enter", { pid, args: ["id", "-u"], stdio: "inherit" });
    await isAsked();
    answer("y");
    const { attach } = await entering;
    assert.ok(attach);
    const attachAs = async (uid: number) => {
      const identity = ["--reuid", `${uid}`, "--regid", `${uid}`, "--clear-groups", "--"];
      const child = spawn("setpriv", [...identity, attach.command, ...attach.args], {
        stdio: ["ignore", "pipe", "pipe"],
      });
      return Promise.all([text(child.stdout), text(child.stderr)]);
    };
    const socket = attach.args.at(-1) ?? "";
    const { uid, mode } = statSync(socket);
    assert.deepEqual([uid, mode & 0o777], [alice, 0o600]);
    const above = statSync(join(socket, ".."));
    assert.deepEqual([above.uid, above.mode & 0o777], [0, 0o711]);
    assert.match((await attachAs(bob))[1], /Permission denied/);
    assert.deepEqual(await attachAs(alice), [`${bob}\n`, ""]);
  });

  test("gives nobody more than the process has, whatever is said to a question that is not asked", async (t) => {
    const { client, seen } = await sitDown(t);
    const { pid } = await startDaemon(t);
    for (const more of [{ asRoot: true }, { follow: [] }]) {
      await assert.rejects(
        client.request("process/enter", { pid, ...more, stdio: "none" }),
        refusedAs("asItIsOnly"),
      );
    }
    assert.doesNotMatch(seen(), /y\/N/);
  });

  test("is looked at from its network by who asked, and not by root", async (t) => {
    const { client, isAsked, answer } = await sitDown(t);
    const folder = folderFor(t, alice);
    const { pid } = await startDaemon(t);
    const said = join(folder, "said");
    const entered = client.request("process/enter", {
      ...{ pid, only: ["net"], stdio: "none" },
      args: [
        "sh",
        "-c",
        `id -u > ${said}; grep Cap /proc/self/status >> ${said}; echo end >> ${said}`,
      ],
    });
    await isAsked();
    answer("y");
    await entered;
    await eventually(
      "it has run",
      () => existsSync(said) && readFileSync(said, "utf8").includes("end"),
    );
    const [uid, ...capabilities] = readFileSync(said, "utf8").split("\n");
    assert.equal(uid, `${alice}`);
    for (const set of ["CapInh", "CapPrm", "CapEff", "CapAmb"]) {
      assert.ok(capabilities.includes(`${set}:\t0000000000000000`), set);
    }
  });

  test("row 25, CVE-2013-4288: that executes a set-uid program while somebody is asked is not entered as that", async (t) => {
    const { client, isAsked, answer } = await sitDown(t);
    const folder = folderFor(t, 0);
    const [program, signal, made] = ["sleeper", "go", "made"].map((name) => join(folder, name));
    copyFileSync("/bin/sleep", program ?? "");
    chmodSync(program ?? "", 0o4755);
    const { pid } = await startDaemon(
      t,
      `while [ ! -e ${signal} ]; do sleep 0.05; done; exec ${program} 600`,
    );
    const entered = client.request("process/enter", {
      pid,
      args: ["touch", made ?? ""],
      stdio: "none",
    });
    await isAsked();
    writeFileSync(signal ?? "", "");
    await eventually("it is root's", () => readStatus(pid)?.uid.effective === 0);
    answer("y");
    await assert.rejects(entered, (error) => TerrariumError.is(error, "targetChanged"));
    assert.ok(!existsSync(made ?? ""));
  });

  test("is limited when that is allowed, and a trial of it is its client's alone", async (t) => {
    const { client, path, isAsked, answer } = await sitDown(t);
    const cgroup = makeCgroup(t, `gate-${process.pid}`, "pids");
    cgroup.write("pids.max", "500");
    const target = `/gate-${process.pid}`;
    const updated = client.request("limits/update", {
      ...{ target, limits: { pidsMax: 400 }, confirmed: true, revertAfterMs: 600_000 },
    });
    await isAsked();
    answer("y");
    const { revert = "" } = await updated;
    assert.equal(cgroup.read("pids.max"), "400");
    const other = await connectAs(t, path, alice);
    for (const method of ["limits/keep", "limits/revert"] as const) {
      await assert.rejects(other.request(method, { revert }), (error) =>
        TerrariumError.is(error, "noSuchRevert"),
      );
    }
    client.dispose();
    await eventually("it is put back", () => cgroup.read("pids.max") === "500");
  });

  test("row 25: that ends while somebody is asked is not another process of its number", async (t) => {
    const { client, isAsked, answer } = await sitDown(t);
    const daemon = await startDaemon(t);
    const entered = client.request("process/enter", {
      pid: daemon.pid,
      stdio: "none",
      args: ["true"],
    });
    await isAsked();
    await daemon.end();
    assert.ok(takeNumber(t, daemon.pid), "a process of the same user has its number");
    answer("y");
    await assert.rejects(entered, (error) => TerrariumError.is(error, "noSuchProcess"));
  });

  test("row 25: that is not who was meant any more is asked about by nobody, whatever the agent says of it", async (t) => {
    const gate = await startGate(t);
    const client = await connectAs(t, gate.path, alice);
    await client.request("sandbox/list", {});
    const { pid } = await startDaemon(t);
    const meant = { pid, startTimeTicks: (readStat(pid)?.startTimeTicks ?? 0) + 1 };
    const { code, data } = toWireError(
      new TerrariumError("processDenied", { pid, errno: "EPERM" }),
    );
    // Its first two were what it was started with, and the list above.
    const denied = JSON.stringify({ jsonrpc: "2.0", id: 2, error: { code, message: "", data } });
    const agent = await agentOf(gate, alice);
    process.kill(agent, "SIGSTOP");
    const refused = assert.rejects(client.request("process/kill", meant), (error) =>
      TerrariumError.is(error, "noSuchProcess"),
    );
    await client.request("initialize", { client: "test", protocol: 1 });
    await speakFor(agent, alice, `Content-Length: ${denied.length}\r\n\r\n${denied}`);
    await refused;
  });

  for (const [what, ask] of [
    [
      "ended",
      (client: HelperConnection, pid: number) => {
        const startTimeTicks = readStat(pid)?.startTimeTicks ?? 0;
        return client.request("process/kill", { pid, startTimeTicks });
      },
    ],
    [
      "limited",
      (client: HelperConnection, pid: number) => {
        const limits = { ulimitNofile: "64:64" };
        return client.request("limits/update", { target: `${pid}`, limits, confirmed: true });
      },
    ],
  ] as const) {
    test(`row 25: that ends while somebody is asked is not ${what} as another process of its number`, async (t) => {
      const { client, isAsked, answer } = await sitDown(t);
      const daemon = await startDaemon(t);
      const asked = ask(client, daemon.pid);
      await isAsked();
      await daemon.end();
      assert.ok(takeNumber(t, daemon.pid), "a process of the same user has its number");
      answer("y");
      await assert.rejects(asked, (error) => TerrariumError.is(error, "noSuchProcess"));
      assert.doesNotMatch(readFileSync(`/proc/${daemon.pid}/limits`, "utf8"), /open files +64 /);
    });
  }

  test("is not limited as another cgroup of its path, made while somebody is asked", async (t) => {
    const { client, isAsked, answer } = await sitDown(t);
    const name = `gate-again-${process.pid}`;
    const cgroup = makeCgroup(t, name, "pids");
    const limits = { pidsMax: 400 };
    const updated = client.request("limits/update", {
      target: `/${name}`,
      limits,
      confirmed: true,
    });
    await isAsked();
    cgroup.remake();
    answer("y");
    await assert.rejects(updated, (error) => TerrariumError.is(error));
    assert.notEqual(cgroup.read("pids.max"), "400");
  });

  test("is named in a question without what a dialogue would take for markup", async (t) => {
    const { client, isAsked, answer, seen } = await sitDown(t);
    const program = join(folderFor(t, 0), "<b>&amp;");
    copyFileSync("/bin/sleep", program);
    const { pid } = await startDaemon(t, `exec "${program}" 600`);
    await eventually("it has its name", () => readStat(pid)?.command === "<b>&amp;");
    const entered = client.request("process/enter", { pid, args: ["true"], stdio: "none" });
    await isAsked();
    assert.match(seen(), /\(\?b\?\?amp\?\)/);
    answer("n");
    await assert.rejects(entered, refusedAs("dismissed"));
  });

  test("is asked about one thing at a time, and no more when its client has gone", async (t) => {
    const { client, isAsked, answer, seen } = await sitDown(t);
    const { pid } = await startDaemon(t);
    const folder = folderFor(t, bob);
    const made = join(folder, "made");
    const ask = () =>
      client
        .request("process/enter", { pid, args: ["touch", made], stdio: "none" })
        .catch(() => undefined);
    const all = [ask(), ask(), ask()];
    await isAsked();
    assert.equal(seen().split("[y/N]").length, 2);
    client.dispose();
    await Promise.all(all);
    const isAlices = (pid: number) => readStatus(pid)?.uid.real === alice;
    await eventually("client and agent are gone", () => !processIds().some(isAlices));
    answer("y");
    await eventually("it is noted", () =>
      /"decision":"io.github.terrarium.enter: gone"/.test(seen()),
    );
    assert.ok(!existsSync(made));
  });
});
