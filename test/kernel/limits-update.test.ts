import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { chownSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { readCgroupMounts } from "../../helper/kernel/cgroupfs.ts";
import { targetOfPath } from "../../helper/limits/target.ts";
import { findUpdates, makeUpdates } from "../../helper/limits/updates.ts";
import { TerrariumError } from "../../helper/protocol/errors.ts";
import { limitsOf, makeCgroup, row } from "./cgroup-limits.ts";
import {
  clientOfUser,
  eventually,
  inspect,
  type Ran,
  startSandbox,
  terrarium,
  uniqueName,
} from "./cli.ts";
import { sandboxPath } from "./held-cgroups.ts";
import { startHelper } from "./helper-process.ts";
import { needsCgroups, needsRoot, startPlain, strangerId } from "./isolated.ts";

const mebibyte = 1024 * 1024;

function update(...words: readonly string[]): Promise<Ran> {
  return terrarium.run(["update", ...words]);
}

async function memoryOf(name: string): Promise<unknown> {
  return row(await limitsOf(name), "memoryBytes").value;
}

async function newHelper(t: { after(work: () => unknown): void }) {
  const helper = await startHelper();
  t.after(() => helper.kill());
  return helper;
}

describe("update changes a sandbox", needsCgroups, () => {
  test("that runs: the kernel's file, what inspect shows, and what a restart uses", async (t) => {
    const { name } = await startSandbox(t, ["-m", "64m", "--cpus", "0.5"], ["sleep", "600"]);
    const { stdout } = await update(
      name,
      "--memory",
      "128m",
      "--cpus",
      "none",
      "--pids-limit",
      "30",
    );
    assert.match(stdout, /^Memory from 64 MB to 128 MB \(\/sys\/fs\/cgroup\/.*\)$/m);
    assert.match(stdout, /^CPU quota from 50000 µs to no limit /m);
    const { file } = row(await limitsOf(name), "memoryBytes");
    assert.equal(Number(readFileSync(file ?? "", "utf8")), 128 * mebibyte);
    const asked = { cpuPeriodUs: 100_000, memoryBytes: 128 * mebibyte, pidsMax: 30 };
    assert.deepEqual((await inspect(name)).spec.limits, asked);
    await terrarium.run(["stop", name]);
    await terrarium.run(["start", name]);
    const report = await limitsOf(name);
    assert.equal(row(report, "memoryBytes").value, 128 * mebibyte);
    assert.equal(row(report, "cpuQuotaUs").value, undefined);
  });

  test("that waits to be started", async (t) => {
    const name = uniqueName();
    t.after(() => terrarium.run(["rm", "-f", name]));
    await terrarium.run(["create", "--name", name, "-m", "64m", "--", "sleep", "600"]);
    assert.match((await update(name, "-m", "32m")).stdout, /^Memory from 64 MB to 32 MB$/m);
    await terrarium.run(["start", name]);
    assert.equal(await memoryOf(name), 32 * mebibyte);
  });

  test(
    "by a process inside, too; a cgroup below it is no part of its spec",
    needsRoot,
    async (t) => {
      const { name, id } = await startSandbox(t, ["--pids-limit", "20"], ["sleep", "600"]);
      const pid = (await inspect(name)).processes[0]?.pid;
      assert.equal((await update(`${pid}`, "--pids-limit", "25")).code, 0);
      assert.equal((await inspect(name)).spec.limits.pidsMax, 25);
      makeCgroup(t, `${sandboxPath(id)}/below`, "pids");
      assert.equal((await update(`${sandboxPath(id)}/below`, "--pids-limit", "5")).code, 0);
      assert.equal((await inspect(name)).spec.limits.pidsMax, 25);
    },
  );

  test("not at all where one of several limits is refused", needsRoot, async (t) => {
    const { name, id } = await startSandbox(t, ["--pids-limit", "20"], ["sleep", "600"]);
    const below = makeCgroup(t, `${sandboxPath(id)}/below`, "cpu");
    // Version 1 lets no cgroup have less than one below it: sched-bwc.rst, "Hierarchical considerations".
    if (!below.has("cpu.cfs_quota_us")) return t.skip("version 2 takes them all");
    below.write("cpu.cfs_quota_us", "50000");
    const ran = await update(name, "--pids-limit", "30", "--cpus", "0.2");
    assert.match(ran.stderr, /refused the limit CPU quota 20000 µs \(EINVAL/);
    const report = await limitsOf(name);
    assert.equal(row(report, "pidsMax").value, 20);
    assert.equal(row(report, "cpuQuotaUs").value, undefined);
    assert.deepEqual((await inspect(name)).spec.limits, { pidsMax: 20 });
  });

  test("and says what the cgroups above leave", needsRoot, async (t) => {
    const outer = uniqueName();
    makeCgroup(t, outer, "pids").write("pids.max", "7");
    makeCgroup(t, `${outer}/inner`, "pids").write("pids.max", "5");
    const { stdout } = await update("-y", `/${outer}/inner`, "--pids-limit", "none");
    assert.match(stdout, new RegExp(`^In effect is 7, by ${outer} above it`, "m"));
    const ran = await update("-y", `/${outer}/inner`, "--pids-limit", "50");
    assert.match(ran.stderr, /Cannot set the limit Processes: .* leaves 7 at most/);
  });

  for (const [what, words, sentence] of [
    ["no limit", [], /no limit was given/],
    ["one that is malformed", ["-m", "lots"], /malformed/],
    ["one out of range", ["--pids-limit", "0"], /out of range/],
    ["two words for one", ["--cpus", "1", "--cpu-quota", "none"], /cannot stand beside/],
    ["a time that is none", ["-m", "none", "--revert-after", "soon"], /is no duration/],
  ] as const) {
    test(`and refuses ${what}`, async (t) => {
      const { name } = await startSandbox(t, ["-m", "64m"], ["sleep", "600"]);
      const ran = await update(name, ...words);
      assert.equal(ran.code, 125);
      assert.match(ran.stderr, sentence);
      assert.equal(await memoryOf(name), 64 * mebibyte);
    });
  }
});

describe("what Terrarium did not make", needsRoot, () => {
  test("is changed only when that is confirmed, and undone by what the answer says", async (t) => {
    const name = uniqueName();
    const cgroup = makeCgroup(t, name, "pids", "memory");
    const ran = await update(`/${name}`, "--pids-limit", "9");
    assert.deepEqual([ran.code, ran.stdout, cgroup.read("pids.max")], [125, "", "max"]);
    assert.match(ran.stderr, /Processes from no limit to 9 \(.*pids\.max\)\n.*--yes/);
    const { connection } = await newHelper(t);
    const target = `/${name}`;
    const limits = { pidsMax: 9, memoryBytes: 8 * mebibyte };
    const done = await connection.request("limits/update", { target, limits, confirmed: true });
    assert.equal(cgroup.read("pids.max"), "9");
    assert.deepEqual([done.before.memoryBytes, done.before.pidsMax], [null, null]);
    assert.deepEqual(
      done.after.map(({ limit, value }) => [limit, value]),
      [
        ["memoryBytes", 8 * mebibyte],
        ["pidsMax", 9],
      ],
    );
    await connection.request("limits/update", { target, limits: done.before, confirmed: true });
    assert.equal(cgroup.read("pids.max"), "max");
  });

  test("is a sandbox of another user, for root's helper", async (t) => {
    const user = clientOfUser(strangerId);
    const { name } = await startSandbox(t, [], ["sleep", "600"], user);
    const { processes } = await inspect(name, user);
    const directory = makeCgroup(t, uniqueName(), "pids");
    const pid = `${processes[0]?.pid}`;
    for (const one of directory.directories) writeFileSync(join(one, "cgroup.procs"), pid);
    assert.match((await update(pid, "--pids-limit", "99")).stderr, /must be confirmed/);
    assert.equal(directory.read("pids.max"), "max");
  });

  test("is never the top of a hierarchy", async () => {
    const { hierarchies } = readCgroupMounts();
    const tops = ["/", ...hierarchies.map(({ mountPoint }) => mountPoint)];
    for (const top of tops) {
      const ran = await update("-y", top, "-m", "1g", "--pids-limit", "10000");
      assert.equal(ran.code, 125, top);
      assert.match(ran.stderr, /the whole machine|no cgroup of its own|no limits/, top);
    }
  });

  test("is told by what it is, not by its name: another cgroup in its place stays as it is", async (t) => {
    const name = uniqueName();
    const cgroup = makeCgroup(t, name, "pids");
    const { connection } = await newHelper(t);
    const target = `/${name}`;
    const { identity } = await connection.request("limits/read", { target });
    cgroup.remake();
    const request = { target, identity, limits: { pidsMax: 9 }, confirmed: true };
    await assert.rejects(connection.request("limits/update", request), (error) =>
      TerrariumError.is(error, "targetChanged"),
    );
    assert.equal(cgroup.read("pids.max"), "max");
  });

  test("is told so for a process, too, that moved or is another one", async (t) => {
    const cgroup = makeCgroup(t, uniqueName(), "pids");
    const { pid, end } = await startPlain(t);
    const { connection } = await newHelper(t);
    const target = `${pid}`;
    const { identity } = await connection.request("limits/read", { target });
    for (const one of cgroup.directories) writeFileSync(join(one, "cgroup.procs"), target);
    const change = (seen: string) =>
      connection.request("limits/update", {
        ...{ target, identity: seen, limits: { pidsMax: 9 }, confirmed: true },
      });
    const isChanged = (error: unknown) => TerrariumError.is(error, "targetChanged");
    await assert.rejects(change(identity), isChanged);
    const moved = (await connection.request("limits/read", { target })).identity;
    await assert.rejects(change(moved.replace(/@\d+/, "@1")), isChanged);
    assert.equal(cgroup.read("pids.max"), "max");
    await change(moved);
    assert.equal(cgroup.read("pids.max"), "9");
    await end();
  });

  test("that was removed meanwhile is said to be gone", async (t) => {
    const name = uniqueName();
    const { directories } = makeCgroup(t, name, "pids");
    for (const one of directories) rmdirSync(one);
    const ran = await update("-y", `/${name}`, "--pids-limit", "9");
    assert.match(ran.stderr, /There is no cgroup/);
  });

  test("that is removed between the look and the write is said to be gone", (t) => {
    const name = uniqueName();
    const { directories } = makeCgroup(t, name, "pids");
    const changes = findUpdates(targetOfPath(`/${name}`).cgroups, { pidsMax: 9 });
    for (const one of directories) rmdirSync(one);
    assert.throws(
      () => makeUpdates(changes),
      (error) => TerrariumError.is(error, "noSuchCgroup"),
    );
  });

  test("cannot steer the terminal by its name", async (t) => {
    const name = `${uniqueName()}-\u001b[2J\u202e`;
    makeCgroup(t, name, "pids");
    for (const words of [[], ["-y"]]) {
      const { stdout, stderr } = await update(...words, `/${name}`, "--pids-limit", "5");
      const shown = `${stdout}${stderr}`.replaceAll("\n", "");
      assert.match(shown, /Processes from no limit to 5/);
      assert.doesNotMatch(shown, /[\p{C}\p{Zl}\p{Zp}]/u);
    }
  });
});

describe("an ordinary user", needsRoot, () => {
  test("changes what is theirs, and is told what the kernel refused of the rest", async (t) => {
    const user = clientOfUser(strangerId);
    const name = uniqueName();
    const cgroup = makeCgroup(t, name, "pids");
    const words = ["update", "-y", `/${name}`, "--pids-limit", "9"];
    const refused = await user.run(words);
    assert.match(refused.stderr, /refused the limit Processes 9 \((EACCES|EPERM)/);
    assert.equal(cgroup.read("pids.max"), "max");
    for (const one of cgroup.directories) chownSync(join(one, "pids.max"), strangerId, strangerId);
    assert.equal((await user.run(words)).code, 0);
    assert.equal(cgroup.read("pids.max"), "9");
  });

  test("has no limits where no cgroup was made for the sandbox, and is told why", async (t) => {
    const user = clientOfUser(strangerId);
    const { name } = await startSandbox(t, [], ["sleep", "600"], user);
    const ran = await user.run(["update", name, "--pids-limit", "9"]);
    assert.match(ran.stderr, /Cannot set the limit Processes: /);
  });
});

/** A sandbox that uses more memory than it may have when the trial ends, until `free`. */
async function tryOutAndUse(t: TestContext) {
  const { name } = await startSandbox(t, ["-m", "32m"], ["sleep", "600"]);
  const helper = await newHelper(t);
  const limits = { memoryBytes: 128 * mebibyte };
  const request = { target: name, limits, revertAfterMs: 3_600_000 };
  const { revert = "" } = await helper.connection.request("limits/update", request);
  const hold = "held=$(head -c 40000000 /dev/zero | tr '\\0' a); echo ready; read -r end";
  const holder = terrarium.start(["exec", "-i", name, "--", "sh", "-c", hold]);
  const ended = once(holder, "exit");
  await once(holder.stdout, "data");
  const free = () => holder.stdin.end("\n");
  t.after(() => ended);
  t.after(free);
  return { name, helper, revert, free };
}

describe("limits that are tried out", needsCgroups, () => {
  test("go back when the time is over", async (t) => {
    const { name } = await startSandbox(t, ["-m", "64m"], ["sleep", "600"]);
    const ran = await update(name, "-m", "128m", "--revert-after", "1s");
    assert.equal(ran.code, 0);
    assert.match(ran.stderr, /back in \d+ s: Enter keeps.*\nput back\n$/);
    assert.equal(await memoryOf(name), 64 * mebibyte);
    assert.equal((await inspect(name)).spec.limits.memoryBytes, 64 * mebibyte);
  });

  test("stay when Enter keeps them", async (t) => {
    const { name } = await startSandbox(t, ["-m", "64m"], ["sleep", "600"]);
    const words = ["update", name, "-m", "128m", "--revert-after", "1h"];
    const ran = await terrarium.run(words, { input: "\n" });
    assert.match(ran.stderr, /\nkept\n$/);
    assert.equal(await memoryOf(name), 128 * mebibyte);
    assert.equal((await inspect(name)).spec.limits.memoryBytes, 128 * mebibyte);
  });

  test("go back at once on Ctrl-C", async (t) => {
    const { name } = await startSandbox(t, ["-m", "64m"], ["sleep", "600"]);
    const words = ["update", name, "-m", "128m", "--revert-after", "1h"];
    const child = terrarium.start(words);
    await eventually("it is tried out", async () => (await memoryOf(name)) === 128 * mebibyte);
    child.kill("SIGINT");
    await eventually("it goes back", async () => (await memoryOf(name)) === 64 * mebibyte);
  });

  test("go back when the client is gone", async (t) => {
    const { name } = await startSandbox(t, ["-m", "64m"], ["sleep", "600"]);
    const { connection } = await newHelper(t);
    const limits = { memoryBytes: 128 * mebibyte };
    await connection.request("limits/update", { target: name, limits, revertAfterMs: 3_600_000 });
    assert.equal(await memoryOf(name), 128 * mebibyte);
    connection.dispose();
    await eventually("it goes back", async () => (await memoryOf(name)) === 64 * mebibyte);
  });

  test("are put back by the next helper where this one was killed", needsRoot, async (t) => {
    const name = uniqueName();
    const cgroup = makeCgroup(t, name, "pids");
    cgroup.write("pids.max", "50");
    const helper = await newHelper(t);
    await helper.connection.request("limits/update", {
      ...{ target: `/${name}`, limits: { pidsMax: 9 }, confirmed: true },
      revertAfterMs: 3_600_000,
    });
    await terrarium.run(["ps"]);
    assert.equal(cgroup.read("pids.max"), "9");
    await helper.kill();
    await terrarium.run(["ps"]);
    assert.equal(cgroup.read("pids.max"), "50");
  });

  test(
    "are put back by the next helper where this one was killed while it did so",
    needsRoot,
    async (t) => {
      const name = uniqueName();
      const cgroup = makeCgroup(t, name, "pids");
      cgroup.write("pids.max", "50");
      const helper = await newHelper(t);
      const { after } = await helper.connection.request("limits/update", {
        ...{ target: `/${name}`, limits: { pidsMax: 9 }, confirmed: true },
        revertAfterMs: 3_600_000,
      });
      await helper.kill();
      const { file = "" } = row({ rows: after }, "pidsMax");
      const kill = ["-P", file, "-e", "inject=write,pwrite64:signal=KILL"];
      const words = ["-f", "-qq", "-o", "/dev/null", ...kill, ...terrarium.command, "ps"];
      assert.equal(spawnSync("strace", words).signal, "SIGKILL");
      assert.equal(cgroup.read("pids.max"), "9");
      await terrarium.run(["ps"]);
      assert.equal(cgroup.read("pids.max"), "50");
    },
  );

  test("are what there was before, also of a second try; and a change for good ends both", async (t) => {
    const { name } = await startSandbox(t, ["-m", "64m"], ["sleep", "600"]);
    const { connection } = await newHelper(t);
    const attempt = (memoryBytes: number, revertAfterMs?: number) =>
      connection.request("limits/update", { target: name, limits: { memoryBytes }, revertAfterMs });
    const first = await attempt(128 * mebibyte, 3_600_000);
    const second = await attempt(256 * mebibyte, 3_600_000);
    assert.equal(second.before.memoryBytes, 64 * mebibyte);
    const revert = (id = "") => connection.request("limits/revert", { revert: id });
    const isOver = (error: unknown) => TerrariumError.is(error, "noSuchRevert");
    await assert.rejects(revert(first.revert), isOver);
    await revert(second.revert);
    assert.equal(await memoryOf(name), 64 * mebibyte);
    const third = await attempt(128 * mebibyte, 3_600_000);
    await attempt(96 * mebibyte);
    await assert.rejects(connection.request("limits/keep", { revert: third.revert ?? "" }), isOver);
    assert.equal(await memoryOf(name), 96 * mebibyte);
  });

  test(
    "go back to what was there, also where that was more than the cgroups above leave",
    needsRoot,
    async (t) => {
      const outer = uniqueName();
      makeCgroup(t, outer, "pids").write("pids.max", "7");
      const inner = makeCgroup(t, `${outer}/inner`, "pids");
      inner.write("pids.max", "50");
      const words = ["-y", `/${outer}/inner`, "--pids-limit", "5", "--revert-after", "1s"];
      assert.match((await update(...words)).stderr, /put back/);
      assert.equal(inner.read("pids.max"), "50");
    },
  );

  test("wait where the kernel does not take the old value: everybody is told, and it is tried again", async (t) => {
    const { name, helper, revert, free } = await tryOutAndUse(t);
    const isInForce = (error: unknown) =>
      TerrariumError.is(error, "notPutBack") && / MB are in use/.test(error.message);
    await assert.rejects(helper.connection.request("limits/revert", { revert }), isInForce);
    const { stdout } = await terrarium.run(["limits", name]);
    assert.match(stdout, /^Memory was to go back to 32 MB\. .* MB are in use.* tried again\.$/m);
    assert.equal(await memoryOf(name), 128 * mebibyte);
    free();
    await eventually("it goes back", async () => (await memoryOf(name)) === 32 * mebibyte);
    assert.deepEqual((await limitsOf(name)).trials, []);
    const again =
      /"limits\/revert","target":"\w+","outcome":"done","changes":\["Memory from 128 MB/;
    assert.match(helper.log(), again);
  });

  test("wait for the next helper, too, which has it in its log", async (t) => {
    const { name, helper, free } = await tryOutAndUse(t);
    await helper.kill();
    const { connection, log } = await newHelper(t);
    await connection.request("sandbox/list", { all: true });
    await connection.request("sandbox/list", { all: true });
    assert.equal(log().match(/"outcome":"notPutBack","reason":"[^"]* MB are in use/g)?.length, 1);
    assert.equal(await memoryOf(name), 128 * mebibyte);
    free();
    await eventually("it goes back", async () => {
      await connection.request("sandbox/list", { all: true });
      return (await memoryOf(name)) === 32 * mebibyte;
    });
    assert.match(log(), /"outcome":"done","changes":\["Memory from 128 MB to 32 MB/);
  });

  test("take along what the kernel changed with them", needsRoot, async (t) => {
    const name = uniqueName();
    const cgroup = makeCgroup(t, name, "cpu");
    const weight = cgroup.has("cpu.weight") ? "cpu.weight" : "cpu.shares";
    cgroup.write(weight, "512");
    const words = ["-y", `/${name}`, "--cpu-idle", "1", "--revert-after", "1s"];
    assert.match((await update(...words)).stderr, /put back/);
    assert.deepEqual([cgroup.read("cpu.idle"), cgroup.read(weight)], ["0", "512"]);
  });

  test(
    "stay as somebody else has set them since, and a new cgroup of that name is let alone",
    needsRoot,
    async (t) => {
      const name = uniqueName();
      const cgroup = makeCgroup(t, name, "pids");
      const { connection } = await newHelper(t);
      const attempt = () =>
        connection.request("limits/update", {
          ...{
            target: `/${name}`,
            limits: { pidsMax: 9 },
            confirmed: true,
            revertAfterMs: 3_600_000,
          },
        });
      const first = await attempt();
      cgroup.write("pids.max", "30");
      await connection.request("limits/revert", { revert: first.revert ?? "" });
      assert.equal(cgroup.read("pids.max"), "30");
      const second = await attempt();
      cgroup.remake();
      cgroup.write("pids.max", "9");
      await connection.request("limits/revert", { revert: second.revert ?? "" });
      assert.equal(cgroup.read("pids.max"), "9");
    },
  );
});

test(
  "every change is in the audit log: what, from what to what, also what goes back",
  needsCgroups,
  async (t) => {
    const { name } = await startSandbox(t, ["-m", "64m"], ["sleep", "600"]);
    const helper = await newHelper(t);
    const limits = { memoryBytes: 128 * mebibyte };
    const request = { target: name, limits, revertAfterMs: 1_000 };
    await helper.connection.request("limits/update", request);
    await eventually("it is told", () => /limits\/revert/.test(helper.log()));
    const [there, back] = helper
      .log()
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line.replace(/^audit /, "")));
    assert.deepEqual([there.method, there.target, there.outcome], ["limits/update", name, "done"]);
    assert.match(there.changes[0], /^Memory from 64 MB to 128 MB \(/);
    assert.match(back.changes[0], /^Memory from 128 MB to 64 MB \(/);
  },
);
