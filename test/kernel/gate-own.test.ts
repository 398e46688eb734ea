import assert from "node:assert/strict";
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { connectClient } from "../../helper/cli/connect.ts";
import { readStatus } from "../../helper/kernel/procfs.ts";
import { TerrariumError } from "../../helper/protocol/errors.ts";
import type { ParameterInput } from "../../helper/protocol/methods.ts";
import { eventually, startSandbox, uniqueName } from "./cli.ts";
import {
  agentOf,
  agentsOf,
  alice,
  bob,
  connectAs,
  end,
  evaluateIn,
  relayOf,
  runAs,
  speakFor,
  startGate,
  startSpeaking,
} from "./gate.ts";
import { needsRoot } from "./isolated.ts";
import { buildStatic } from "./programs.ts";
import { linkOf } from "./watching.ts";

const needsKeys = { skip: existsSync("/proc/keys") ? false : "this kernel has no keyrings" };

const sleeper = { args: ["sleep", "600"] };

function folderOf(t: TestContext, uid: number): string {
  const folder = mkdtempSync(join(tmpdir(), "terrarium-gate-own-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  chownSync(folder, uid, uid);
  return folder;
}

describe("what is the asker's own", needsRoot, () => {
  test("is done by a process of theirs: no right, descriptor, variable or session of root's", async (t) => {
    const secrets = {
      NODE_OPTIONS: "--no-warnings",
      S3CRET: "s3cret",
      XDG_RUNTIME_DIR: "/run/s3cret",
    };
    const gate = await startGate(t, secrets, ["setpriv", "--inh-caps", "+net_raw", "--"]);
    const client = await connectAs(t, gate.path, alice, { groups: [alice, bob] });
    await client.request("sandbox/list", {});
    const agent = await agentOf(gate, alice);
    const status = readStatus(agent);
    assert.deepEqual(status?.uid, {
      real: alice,
      effective: alice,
      saved: alice,
      fileSystem: alice,
    });
    assert.deepEqual(status?.gid, {
      real: alice,
      effective: alice,
      saved: alice,
      fileSystem: alice,
    });
    assert.deepEqual(status?.groups, [alice, bob]);
    const { bounding: _, ...sets } = status?.capabilities ?? {};
    assert.deepEqual(sets, { inheritable: 0n, permitted: 0n, effective: 0n, ambient: 0n });
    const variables = readFileSync(`/proc/${agent}/environ`, "utf8").split("\0").filter(Boolean);
    assert.deepEqual(variables.map((one) => one.split("=")[0]).sort(), [
      "ELECTRON_RUN_AS_NODE",
      "HOME",
      "LANG",
      "LOGNAME",
      "PATH",
      "PWD",
      "SHELL",
      "USER",
    ]);
    assert.equal(readlinkSync(`/proc/${agent}/fd/2`), "/dev/null");
    const opened = readdirSync(`/proc/${agent}/fd`).map((fd) => linkOf(`/proc/${agent}/fd/${fd}`));
    assert.deepEqual(
      // What it has closed since is none of these.
      opened.filter((link) => !/^$|^(pipe|socket|anon_inode):|^\/dev\/null$|koffi/.test(link)),
      [],
    );
    const session = readFileSync(`/proc/${agent}/stat`, "utf8").split(") ")[1]?.split(" ")[3];
    assert.equal(Number(session), agent);
  });

  test("is done by a process that has logged in as whoever asks, and cannot say that it was somebody else", async (t) => {
    const gate = await startGate(t);
    const relay = relayOf(gate.path, alice);
    t.after(() => end(relay));
    const client = await connectClient({ input: relay.stdout, output: relay.stdin }, "test");
    await client.request("sandbox/list", {});
    const login = (pid: number | undefined) => readFileSync(`/proc/${pid}/loginuid`, "utf8");
    assert.equal(login(await agentOf(gate, alice)), login(relay.pid));
  });

  test(
    "is done in a session keyring of its own: no key of root's, or of another user's agent",
    needsKeys,
    async (t) => {
      const folder = folderOf(t, 0);
      const program = join(folder, "keyring");
      buildStatic(join(import.meta.dirname, "keyring.c"), program);
      const key = `terrarium-${process.pid}`;
      const gate = await startGate(t, {}, [program, key]);
      const seen = async (uid: number) => {
        const client = await connectAs(t, gate.path, uid);
        await client.request("sandbox/list", {});
        const keys = 'require("node:fs").readFileSync("/proc/keys", "utf8")';
        const text = String(await evaluateIn(await agentOf(gate, uid), keys));
        client.dispose();
        // The inspectors of both listen on one port.
        await eventually("the agent is gone", () => agentsOf(gate, uid).length === 0);
        return text;
      };
      const isThere = () => readFileSync("/proc/keys", "utf8").includes(key);
      await eventually("the helper was started with the key", isThere);
      const all = [await seen(alice), await seen(bob)];
      assert.doesNotMatch(all.join(""), new RegExp(key));
      const [ofAlice = [], ofBob = []] = all.map((text) => text.match(/^\w+(?=.* _ses)/gm) ?? []);
      assert.deepEqual([ofAlice.length, ofBob.length], [1, 1]);
      assert.notDeepEqual(ofAlice, ofBob);
      const isLeft = () => readFileSync("/proc/keys", "utf8").includes(ofBob[0] ?? "");
      await eventually("root's helper is in none of theirs", () => !isLeft());
    },
  );

  test("row 26: has their files opened by them, and not by root", async (t) => {
    const gate = await startGate(t);
    const client = await connectAs(t, gate.path, alice);
    const folder = mkdtempSync(join(tmpdir(), "terrarium-gate-root-"));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    writeFileSync(join(folder, "secret"), "s3cret");
    mkdirSync(join(folder, "inner"));
    const mine = folderOf(t, alice);
    const attempts = [
      { mounts: [{ type: "bind", source: join(folder, "secret"), target: "/data" }] },
      { workspace: join(folder, "inner") },
      { rootfs: { type: "directory", path: join(folder, "inner") } },
      { rootfs: { type: "tarball", path: join(folder, "secret") } },
    ] satisfies readonly ParameterInput<"sandbox/create">["spec"][];
    for (const spec of attempts) {
      const refused = client.request("sandbox/create", {
        spec: { ...sleeper, name: uniqueName(), ...spec },
        stdio: "none",
      });
      await assert.rejects(refused, (error) => TerrariumError.is(error), JSON.stringify(spec));
    }
    const spec = {
      name: uniqueName(),
      workspace: mine,
      args: ["sh", "-c", "touch made; sleep 600"],
    };
    await client.request("sandbox/create", { spec, stdio: "none" });
    await eventually("the file is made", () => existsSync(join(mine, "made")));
    assert.equal(statSync(join(mine, "made")).uid, alice);
    await client.request("sandbox/remove", { target: spec.name, force: true });
  });

  test("gets limits, in cgroups that root has delegated and that bound them", async (t) => {
    const gate = await startGate(t);
    const client = await connectAs(t, gate.path, alice);
    const name = uniqueName();
    const limits = { pidsMax: 7 };
    await client.request("sandbox/create", { spec: { ...sleeper, name, limits }, stdio: "none" });
    const sandbox = (await client.request("sandbox/list", {})).find((one) => one.name === name);
    const set = sandbox?.limits.find(({ limit }) => limit === "pidsMax");
    assert.equal(set?.value, 7);
    const directory = dirname(set?.file ?? "");
    const delegated = dirname(dirname(directory));
    assert.equal(basename(delegated), `terrarium-${alice}`);
    const owner = (file: string) => statSync(join(delegated, file)).uid;
    assert.deepEqual([owner("."), owner("cgroup.procs"), owner("pids.max")], [alice, alice, 0]);
    const agent = await agentOf(gate, alice);
    const mine = readFileSync(`/proc/${agent}/cgroup`, "utf8");
    assert.match(mine, new RegExp(`pids:.*/terrarium-${alice}/terrarium-helper\n`));
    assert.doesNotMatch(mine, /(net_cls|net_prio|devices).*terrarium/);
    await client.request("sandbox/remove", { target: name, force: true });
    client.dispose();
    await eventually("the cgroups are gone", () => !existsSync(delegated));
  });

  test("is done within the resource limits of who asks", async (t) => {
    const gate = await startGate(t);
    const before = ["prlimit", "--nofile=1234:1234", "--"];
    const client = await connectAs(t, gate.path, alice, { before });
    await client.request("sandbox/list", {});
    const limits = readFileSync(`/proc/${await agentOf(gate, alice)}/limits`, "utf8");
    assert.match(limits, /^Max open files +1234 +1234 /m);
  });

  test("is done where no cgroup can be written, of which the audit log says nothing at each connection", async (t) => {
    const script = `
      while read -r device place type options; do
        case $type in cgroup | cgroup2) mount -o remount,bind,ro "$place" ;; esac
      done </proc/self/mounts
      exec "$@"
    `;
    const before = ["unshare", "--mount", "sh", "-c", script, "sh"];
    const gate = await startGate(t, {}, before);
    const client = await connectAs(t, gate.path, alice);
    assert.deepEqual(await client.request("sandbox/list", {}), []);
    assert.doesNotMatch(gate.log(), /delegate/);
  });

  test("is seen and touched by no other user, and root's by neither", async (t) => {
    const gate = await startGate(t);
    const [ofAlice, ofBob] = [
      await connectAs(t, gate.path, alice),
      await connectAs(t, gate.path, bob),
    ];
    const name = uniqueName();
    const created = await ofAlice.request("sandbox/create", {
      spec: { ...sleeper, name },
      stdio: "none",
    });
    const ofRoot = await startSandbox(t, [], ["sleep", "600"]);
    assert.deepEqual(
      (await ofAlice.request("sandbox/list", {})).map(({ id }) => id),
      [created.sandbox.id],
    );
    assert.deepEqual(await ofBob.request("sandbox/list", {}), []);
    for (const target of [name, created.sandbox.id, ofRoot.name, ofRoot.id]) {
      for (const method of ["stop", "kill", "pause", "remove", "inspect"] as const) {
        await assert.rejects(
          ofBob.request(`sandbox/${method}`, { target }),
          (error) => TerrariumError.is(error, "noSuchSandbox"),
          `${method} ${target}`,
        );
      }
      await assert.rejects(ofBob.request("limits/read", { target }));
    }
    assert.doesNotMatch(gate.log(), /"outcome":"done".*"uid":65102/);
    await ofAlice.request("sandbox/remove", { target: name, force: true });
  });

  test("ends with its client, and each client has an agent of its own", async (t) => {
    const gate = await startGate(t);
    const clients = [await connectAs(t, gate.path, alice), await connectAs(t, gate.path, alice)];
    for (const client of clients) await client.request("sandbox/list", {});
    assert.equal(agentsOf(gate, alice).length, 2);
    clients[0]?.dispose();
    await eventually("one agent is left", () => agentsOf(gate, alice).length === 1);
    await clients[1]?.request("sandbox/list", {});
  });
});

describe("an agent that its user turns against root's helper", needsRoot, () => {
  test("may be killed: its client begins anew, others do not notice", async (t) => {
    const gate = await startGate(t);
    const [ofAlice, ofBob] = [
      await connectAs(t, gate.path, alice),
      await connectAs(t, gate.path, bob),
    ];
    const closed = new Promise<void>((resolve) => ofAlice.onClose(resolve));
    for (const client of [ofAlice, ofBob]) await client.request("sandbox/list", {});
    await runAs(alice, `process.kill(${await agentOf(gate, alice)}, "SIGKILL")`);
    await closed;
    await ofBob.request("sandbox/list", {});
  });

  test("may be stopped: only its own client waits, and it is killed with that", async (t) => {
    const gate = await startGate(t);
    const [ofAlice, ofBob] = [
      await connectAs(t, gate.path, alice),
      await connectAs(t, gate.path, bob),
    ];
    for (const client of [ofAlice, ofBob]) await client.request("sandbox/list", {});
    await runAs(alice, `process.kill(${await agentOf(gate, alice)}, "SIGSTOP")`);
    const waiting = ofAlice.request("sandbox/list", {}).catch(() => "gone");
    assert.equal((await ofAlice.request("initialize", { client: "x", protocol: 1 })).asker, alice);
    await ofBob.request("sandbox/list", {});
    ofAlice.dispose();
    assert.equal(await waiting, "gone");
    await eventually("the stopped agent is gone", () => agentsOf(gate, alice).length === 0);
  });

  test("is heard no further while its client takes nothing, whatever it was asked for", async (t) => {
    const gate = await startGate(t);
    const ofBob = await connectAs(t, gate.path, bob);
    const relay = relayOf(gate.path, alice);
    t.after(() => end(relay));
    const ofAlice = await connectClient({ input: relay.stdout, output: relay.stdin }, "test");
    await ofAlice.request("sandbox/list", {});
    const agent = await agentOf(gate, alice);
    await runAs(alice, `process.kill(${agent}, "SIGSTOP")`);
    const asked = Array.from({ length: 6 }, () => ofAlice.request("sandbox/list", {}));
    await ofAlice.request("initialize", { client: "x", protocol: 1 });
    relay.kill("SIGSTOP");
    // Its first two were what it was started with, and the list above.
    const answers = asked.map((_, place) =>
      frame(JSON.stringify({ jsonrpc: "2.0", id: place + 2, result: ["x".repeat(2 ** 22)] })),
    );
    let isSaid = false;
    const { said, child } = startSpeaking(agent, alice, answers.join(""));
    void said.then(() => {
      isSaid = true;
    });
    t.after(() => end(child));
    for (let turn = 0; turn < 500; turn += 1) await ofBob.request("sandbox/list", {});
    assert.equal(isSaid, false);
    relay.kill("SIGCONT");
    for (const answer of await Promise.all(asked)) assert.equal(answer.length, 1);
    assert.ok(await said);
  });

  const frame = (body: string) => `Content-Length: ${body.length}\r\n\r\n${body}`;
  const nonsense: readonly (readonly [string, string])[] = [
    ["a length without end", `Content-Length: ${2 ** 40}\r\n\r\n`],
    ["a header without end", "x".repeat(100_000)],
    ["of one message that it is longer than any", `Content-Length: ${2 ** 25 + 1}\r\n\r\n`],
    ["more values in one message than any", frame(`[${"{},".repeat(2_000_000)}{}]`)],
    ["JSON that is none", frame("{")],
    ["an answer to nothing", frame('{"jsonrpc":"2.0","id":99999,"result":1}')],
    ["a request", frame('{"jsonrpc":"2.0","id":1,"method":"process/enter","params":{"pid":1}}')],
    [
      "a change of nothing",
      frame('{"jsonrpc":"2.0","method":"inventory/didChange","params":null}'),
    ],
    [
      "an error of another shape",
      frame(
        '{"jsonrpc":"2.0","id":2,"error":{"code":-32004,"message":"","data":{"code":"ambiguousSandbox","args":{}}}}',
      ),
    ],
  ];

  for (const [what, words] of nonsense.slice(0, 4)) {
    test(`may say ${what}: that is the end of it, and nothing is kept`, async (t) => {
      const gate = await startGate(t);
      const client = await connectAs(t, gate.path, alice);
      await client.request("sandbox/list", {});
      const closed = new Promise<void>((resolve) => client.onClose(resolve));
      await speakFor(await agentOf(gate, alice), alice, words);
      await closed;
    });
  }

  for (const [what, words] of nonsense) {
    test(`may say ${what}: it is told to nobody but its client, and the helper lives`, async (t) => {
      const gate = await startGate(t);
      const [ofAlice, ofBob] = [
        await connectAs(t, gate.path, alice),
        await connectAs(t, gate.path, bob),
      ];
      for (const client of [ofAlice, ofBob]) await client.request("sandbox/list", {});
      const agent = await agentOf(gate, alice);
      await speakFor(agent, alice, words);
      const answer = ofAlice.request("sandbox/list", {}).catch(() => "refused");
      await ofBob.request("sandbox/list", {});
      ofAlice.dispose();
      await answer;
      await ofBob.request("sandbox/list", {});
      assert.equal(gate.process.exitCode, null);
    });
  }
});
