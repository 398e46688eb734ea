import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { protocolVersion } from "../../helper/protocol/methods.ts";
import { version } from "../../helper/version.ts";
import { eventually } from "../kernel/cli.ts";
import {
  bootMachine,
  installedClient,
  type Machine,
  needsMachine,
  node,
  owner,
  socket,
  stranger,
  client as userClient,
} from "./machine.ts";

/** Notes that polkit is asked, and takes as long as this file is there, as a person would. */
const thinking = "echo >>/dev/shm/questions; while [ -e /etc/thinking ]; do sleep 0.05; done";

/** One user may enter and see what is not theirs; the others may do nothing of the kind. */
const rule = `polkit.addRule(function(action, subject) {
  if (action.id.indexOf("io.github.terrarium.") != 0) return polkit.Result.NOT_HANDLED;
  polkit.spawn(["/bin/sh", "-c", "${thinking}"]);
  return subject.user == "${owner.name}" ? polkit.Result.YES : polkit.Result.NO;
});
`;

/** Asks for something twice, waits until polkit thinks about it, leaves its connection to a child and ends. */
const asker = `
  const { readdirSync, readFileSync } = require("node:fs");
  const [path, request] = process.argv.slice(2);
  const isThought = () => readdirSync("/proc").filter(Number).some((pid) => {
    try { return readFileSync("/proc/" + pid + "/cmdline", "utf8").includes("/etc/thinking"); } catch { return false; }
  });
  const socket = require("node:net").connect(path, () => {
    for (const id of [1, 2]) {
      const body = JSON.stringify({ ...JSON.parse(request), id });
      socket.write("Content-Length: " + body.length + "\\r\\n\\r\\n" + body);
    }
    const heir = { detached: true, stdio: [socket._handle.fd, "ignore", "ignore"] };
    require("node:child_process").spawn("sleep", ["30"], heir).unref();
    setInterval(() => isThought() && process.exit(0), 20);
  });
`;

const relay = `
  const socket = require("node:net").connect(process.argv[1]);
  process.stdin.pipe(socket).pipe(process.stdout);
`;

const client = `${installedClient} --helper ${socket}`;

describe("two users of one root helper", needsMachine, () => {
  let machine: Machine;
  /** Processes of theirs with a host name of their own. */
  const sleepers = new Map<string, number>();
  const say = (user: string, words: string) => machine.as(user, `${client} ${words}`);
  const succeed = async (user: string, words: string) => {
    const { code, stdout, stderr } = await say(user, words);
    assert.equal(code, 0, stderr);
    return stdout.trim();
  };

  const questions = async () => Number(await machine.do("sh", "-c", "wc -l </dev/shm/questions"));

  before(async () => {
    machine = await bootMachine();
    writeFileSync(join(machine.root, "etc/polkit-1/rules.d/10-test.rules"), rule);
    const { code, stdout, stderr } = await machine.install("--yes");
    assert.equal(code, 0, stdout + stderr);
    for (const { name } of [owner, stranger]) {
      await succeed(name, `run -d --name of-${name} -- sleep 600`);
      const script =
        "unshare --user --map-current-user --uts sleep 600 >/dev/null 2>&1 </dev/null & echo $!";
      sleepers.set(name, Number((await machine.as(name, script)).stdout));
    }
  });
  after(() => machine?.close());

  test("see their own sandboxes only", async () => {
    for (const [one, other] of [
      [owner, stranger],
      [stranger, owner],
    ] as const) {
      const list = await succeed(one.name, "ps -a");
      assert.match(list, new RegExp(`of-${one.name}`));
      assert.doesNotMatch(list, new RegExp(`of-${other.name}`));
    }
  });

  test("do nothing to each other's, though one may enter what is not theirs", async () => {
    for (const words of [
      ...["stop", "rm -f", "pause", "kill", "inspect"].map((verb) => `${verb} of-${owner.name}`),
      `exec of-${owner.name} -- true`,
      `update of-${owner.name} --pids-limit 5`,
    ]) {
      const { code, stderr } = await say(stranger.name, words);
      assert.equal(code, 125, words);
      assert.match(stderr, /no sandbox|authorised/i, words);
    }
    assert.match(await succeed(owner.name, "ps"), /running/);
  });

  test("have their sandboxes made by a process of their own, in cgroups of their own", async () => {
    const [{ pid }] = JSON.parse(await succeed(stranger.name, "ps --json"));
    assert.match(await machine.do("cat", `/proc/${pid}/status`), /^Uid:\s+1001\s/m);
    const cgroup = /^0::(.*)$/m.exec(await machine.do("cat", `/proc/${pid}/cgroup`))?.[1] ?? "";
    assert.match(cgroup, /user-1001\.slice/);
    const directory = `/sys/fs/cgroup/unified${cgroup}`;
    assert.equal(await machine.do("stat", "-c", "%u", directory), "1001\n");
  });

  test("enter what is theirs without a question, and another's where that is allowed", async () => {
    const enter = (user: string, target: string, words = "") =>
      say(user, `enter ${words} ${sleepers.get(target)} -- id -un`);
    assert.equal((await enter(stranger.name, stranger.name)).stdout.trim(), stranger.name);
    const allowed = await enter(owner.name, stranger.name);
    assert.deepEqual([allowed.code, allowed.stdout.trim()], [0, stranger.name], allowed.stderr);
    const denied = await enter(stranger.name, owner.name);
    assert.equal(denied.code, 125);
    assert.match(denied.stderr, /not authorised/i);
    const root = await say(stranger.name, "enter 1 -- id");
    assert.match(root.stderr, /not authorised/i);
  });

  test("get nothing by an answer that comes when who asked has ended, whoever goes on with the connection", async () => {
    const params = {
      pid: sleepers.get(stranger.name),
      args: ["touch", "/tmp/late"],
      stdio: "none",
    };
    writeFileSync(join(machine.root, "etc/asker.js"), asker);
    const request = JSON.stringify({ jsonrpc: "2.0", method: "process/enter", params });
    const before = await questions();
    const thought = join(machine.root, "etc/thinking");
    writeFileSync(thought, "");
    const words = `${node} /etc/asker.js ${socket} '${request}'`;
    const { code, stderr } = await machine.as(owner.name, words, { timeoutMs: 20_000 });
    assert.equal(code, 0, stderr);
    rmSync(thought);
    const journal = () =>
      machine.do("journalctl", "-u", "terrarium-helper.service", "-o", "cat", "-n", "20");
    const gone = /"process\/enter".*"io.github.terrarium.enter: gone"/g;
    await eventually("both are decided", async () => (await journal()).match(gone)?.length === 2);
    // Nobody is asked on behalf of who has gone.
    assert.equal(await questions(), before + 1);
    assert.notEqual((await machine.run(["test", "-e", "/tmp/late"])).code, 0);
  });

  test("introduce themselves as often as they like, and polkit is asked once", async () => {
    const before = await questions();
    const helper = await machine.helperOf(owner.name, `${node} -e '${relay}' ${socket}`);
    const introduction = { client: "test", protocol: protocolVersion, version: version() };
    for (let time = 0; time < 3; time += 1) await helper.request("initialize", introduction);
    helper.dispose();
    assert.equal(await questions(), before + 1);
  });

  test("change no limits of another's without leave", async () => {
    const update = (user: string, pid: number | undefined) =>
      say(user, `update ${pid} --yes --ulimit nofile=64:64`);
    assert.equal((await update(stranger.name, sleepers.get(stranger.name))).code, 0);
    const denied = await update(stranger.name, sleepers.get(owner.name));
    assert.equal(denied.code, 125);
    assert.match(denied.stderr, /not authorised/i);
    const limits = await machine.do("cat", `/proc/${sleepers.get(owner.name)}/limits`);
    assert.doesNotMatch(limits, /^Max open files\s+64\s/m);
  });

  test("reach nobody else's terminal, registry or socket", async () => {
    const script = "ls /run/terrarium/sandboxes /run/terrarium/terminals /run/user/1000 2>&1; true";
    const { stdout } = await machine.as(stranger.name, script);
    assert.equal(stdout.match(/Permission denied/g)?.length, 3, stdout);
  });

  test("are in the journal: who, what, to whom, by whose leave, how it ended", async () => {
    const journal = await machine.do("journalctl", "-u", "terrarium-helper.service", "-o", "cat");
    const entries = journal.split("\n").filter((line) => line.startsWith("audit "));
    const entered = entries.filter((line) => line.includes('"process/enter"'));
    assert.ok(
      entered.some((line) => /"uid":1000.*polkit.*"outcome":"done"/.test(line)),
      journal,
    );
    assert.ok(
      entered.some((line) => /"uid":1001.*"outcome":"notAuthorised"/.test(line)),
      journal,
    );
  });

  test("and what they have goes on when the helper ends", async () => {
    await machine.do("systemctl", "stop", "terrarium-helper.service");
    for (const { name } of [owner, stranger]) {
      assert.match(await succeed(name, "ps"), /running/);
      await succeed(name, `rm -f of-${name}`);
    }
  });
});

describe("an ordinary user without a root helper", needsMachine, () => {
  let machine: Machine;
  before(async () => {
    machine = await bootMachine();
  });
  after(() => machine?.close());

  test("has sandboxes in a cgroup that systemd delegated, and leaves nothing there", async () => {
    const script = "systemd-run --quiet --user --scope -p Delegate=yes";
    const run = `${script} ${userClient} run -d --name mine -- sleep 600`;
    const { code, stderr } = await machine.as(owner.name, run);
    assert.equal(code, 0, stderr);
    // Beside it others come and go, of which find(1) complains.
    const find = (...what: readonly string[]) =>
      machine.run(["find", "/sys/fs/cgroup/unified", ...what]);
    const { stdout: places } = await find("-path", "*/terrarium/*");
    assert.match(places, /\/user@1000\.service\/.*\.scope\/terrarium\/[0-9a-f]{12}$/m);
    await machine.as(owner.name, `${userClient} pause mine`);
    assert.match((await machine.as(owner.name, `${userClient} ps`)).stdout, /paused/);
    await machine.as(owner.name, `${userClient} rm -f mine`);
    await eventually("the scope and what was below it are gone", async () => {
      const left = await find("-name", "terrarium*");
      return left.code === 0 && left.stdout === "";
    });
  });
});
