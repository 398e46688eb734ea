import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { closeSync, readFileSync } from "node:fs";
import { describe, type TestContext, test } from "node:test";
import { pidfdOpen } from "../../helper/kernel/libc.ts";
import { readStat } from "../../helper/kernel/procfs.ts";
import {
  parseResourceLimit,
  setResourceLimit,
  setWhilePinned,
} from "../../helper/kernel/resourceLimits.ts";
import { placedProcess } from "../../helper/limits/processes.ts";
import { findUpdates, makeUpdates } from "../../helper/limits/updates.ts";
import { TerrariumError } from "../../helper/protocol/errors.ts";
import type { LimitsReport } from "../../helper/protocol/limitsReport.ts";
import { resourceLimitFacts, resourceLimitNames } from "../../helper/protocol/resourceLimits.ts";
import { forkedSince, withProcesses } from "../../helper/sandboxes/processPlaces.ts";
import { openRegistry } from "../../helper/sandboxes/registry.ts";
import { limitsOf, makeCgroup } from "./cgroup-limits.ts";
import { clientOfUser, eventually, inspect, startSandbox, terrarium, uniqueName } from "./cli.ts";
import { startHelper } from "./helper-process.ts";
import { needsRoot, startPlain, strangerId } from "./isolated.ts";

/** The limits of processes, getrlimit(2), changed while these run. */

function update(...words: readonly string[]) {
  return terrarium.run(["update", ...words]);
}

function nofile(pid: number): string | undefined {
  return parseResourceLimit(readFileSync(`/proc/${pid}/limits`, "utf8"), "nofile");
}

/** With limits of its own, whatever those of the machine are. */
function startLimited(t: TestContext, [soft, hard] = [100, 200], as: readonly string[] = []) {
  const sleep = `ulimit -Sn ${soft}; ulimit -Hn ${hard}; echo "$$"; exec sleep 600`;
  return startPlain(t, `exec ${as.join(" ")} sh -c '${sleep}'`);
}

const asStranger = ["setpriv", `--reuid=${strangerId}`, `--regid=${strangerId}`, "--clear-groups"];

function place(pid: number) {
  return placedProcess({ pid, startTimeTicks: readStat(pid)?.startTimeTicks ?? 0 });
}

async function helper(t: TestContext) {
  const { connection, kill } = await startHelper();
  t.after(() => kill());
  return connection;
}

function valuesOf({ rows }: LimitsReport): readonly string[] {
  const own = rows.filter(({ limit }) => resourceLimitNames.some((name) => name === limit));
  return own.map(({ value }) => `${value}`);
}

describe("the resource limits of a process", needsRoot, () => {
  test("are those that prlimit(1) says, all sixteen", async (t) => {
    const { pid } = await startLimited(t);
    const names = resourceLimitNames.map((name) => resourceLimitFacts[name].resource);
    const columns = ["--noheadings", "--raw", "--output", "SOFT,HARD"];
    const said = names.map((name) =>
      execFileSync("prlimit", ["--pid", `${pid}`, `--${name}`, ...columns], { encoding: "utf8" }),
    );
    assert.equal(names.length, 16);
    assert.deepEqual(
      valuesOf(await limitsOf(pid)),
      said.map((line) => line.trim().split(" ").join(":")),
    );
  });

  test("are changed when that is confirmed, of that process only, and undone", async (t) => {
    const { pid } = await startLimited(t);
    const other = await startLimited(t);
    const refused = await update(`${pid}`, "--ulimit", "nofile=50:200");
    assert.match(
      refused.stderr,
      /Open files from 100 soft, 200 hard to 50 soft, 200 hard .*--yes/s,
    );
    assert.equal(nofile(pid), "100:200");
    const connection = await helper(t);
    const target = `${pid}`;
    const asked = { target, limits: { ulimitNofile: "50:200" }, confirmed: true };
    const { before } = await connection.request("limits/update", asked);
    assert.deepEqual([nofile(pid), nofile(other.pid)], ["50:200", "100:200"]);
    await connection.request("limits/update", { target, limits: before, confirmed: true });
    assert.equal(nofile(pid), "100:200");
  });

  test("go back when the time is over", async (t) => {
    const { pid } = await startLimited(t);
    const ran = await update("-y", `${pid}`, "--ulimit", "nofile=50:200", "--revert-after", "1s");
    assert.match(ran.stdout, /to 50 soft, 200 hard/);
    assert.equal(nofile(pid), "100:200");
  });

  test("are not those of a process that has its number by now", async (t) => {
    const { pid } = await startLimited(t);
    const startTimeTicks = (readStat(pid)?.startTimeTicks ?? 0) - 1;
    assert.equal(setResourceLimit({ pid, startTimeTicks }, "nofile", "50:200"), "ESRCH");
    const changes = findUpdates([placedProcess({ pid, startTimeTicks })], {
      ulimitNofile: "50:200",
    });
    assert.throws(
      () => makeUpdates(changes),
      (error) => TerrariumError.is(error, "noSuchProcess"),
    );
    const connection = await helper(t);
    const target = `${pid}`;
    const { identity } = await connection.request("limits/read", { target });
    const stale = identity.replace(/@\d+/, "@1");
    const limits = { ulimitNofile: "50:200" };
    await assert.rejects(
      connection.request("limits/update", { target, limits, identity: stale, confirmed: true }),
      (error) => TerrariumError.is(error, "targetChanged"),
    );
    assert.equal(nofile(pid), "100:200");
  });

  test("are put back of a process that is given the number in the middle of it", async (t) => {
    const ended = await startLimited(t);
    const stranger = await startLimited(t);
    const pidfd = pidfdOpen(ended.pid);
    t.after(() => closeSync(pidfd));
    assert.equal(setWhilePinned(pidfd, ended.pid, "nofile", "60:200"), true);
    await ended.end();
    assert.equal(setWhilePinned(pidfd, stranger.pid, "nofile", "60:200"), false);
    assert.equal(nofile(stranger.pid), "100:200");
  });

  test("are all as they were where those of one process are refused", async (t) => {
    const first = await startLimited(t);
    const forked = await startLimited(t);
    const limits = { ulimitNofile: "50:200" };
    makeUpdates(findUpdates([place(first.pid)], limits), (made) =>
      made.length === 1 ? findUpdates([place(forked.pid)], limits) : [],
    );
    assert.deepEqual([nofile(first.pid), nofile(forked.pid)], ["50:200", "50:200"]);
    const gone = { ...place(forked.pid), process: { pid: forked.pid, startTimeTicks: 1 } };
    const changes = findUpdates([place(first.pid), gone], { ulimitNofile: "40:200" });
    assert.throws(() => makeUpdates(changes));
    assert.deepEqual([nofile(first.pid), nofile(forked.pid)], ["50:200", "50:200"]);
  });

  test("cannot be more files than the kernel has for any process", async (t) => {
    const { pid } = await startLimited(t);
    const ran = await update("-y", `${pid}`, "--ulimit", "nofile=50:9000000000");
    assert.match(ran.stderr, /EPERM from .*nr_open allows \d+ at most/);
    assert.equal(nofile(pid), "100:200");
  });

  test("are no cgroup's, which has them neither listed nor changed", async (t) => {
    const name = uniqueName();
    makeCgroup(t, name, "pids");
    assert.deepEqual(valuesOf(await limitsOf(`/${name}`)), []);
    const ran = await update("-y", `/${name}`, "--ulimit", "nofile=50");
    assert.match(ran.stderr, /Open files: a cgroup has none; .*name a process, or a sandbox/);
  });
});

describe("the resource limits of a sandbox", needsRoot, () => {
  test("bind every process that runs in it, but not its init", async (t) => {
    const tries = ": 50</dev/null && echo opened >/tmp/said || echo refused >/tmp/said";
    const begin = `sleep 600 & trap '${tries}' USR1; echo ready >/tmp/said`;
    const loop = `${begin}; while :; do wait; done`;
    const words = ["--ulimit", "nofile=100:200"];
    const { name } = await startSandbox(t, words, ["bash", "-c", loop]);
    const says = async (word: string) => {
      if (word !== "ready") await terrarium.run(["kill", "-s", "USR1", name]);
      await eventually(`the program inside says ${word}`, async () => {
        const { stdout } = await terrarium.run(["exec", name, "--", "cat", "/tmp/said"]);
        return stdout.trim() === word;
      });
    };
    await says("ready");
    await says("opened");
    const { stdout } = await update(name, "--ulimit", "nofile=40:200");
    assert.match(stdout, /^Open files from 100 soft, 200 hard to 40 soft, 200 hard .*and 1 more/);
    await says("refused");
    const { processes, pid } = await inspect(name);
    const held = processes.map((process) => [process.pid === pid, nofile(process.pid)]);
    const programs = held.filter(([isInit]) => !isInit).map(([, value]) => value);
    assert.deepEqual(programs, ["40:200", "40:200"]);
    assert.notEqual(nofile(pid ?? 0), "40:200");
  });

  test("are those of what exec starts then, and of its next start", async (t) => {
    const words = ["--ulimit", "nofile=100:200"];
    const { name } = await startSandbox(t, words, ["sleep", "600"]);
    await update(name, "--ulimit", "nofile=40:50", "--ulimit", "core=0");
    const both = ["exec", name, "--", "sh", "-c", "ulimit -Sn; ulimit -Hn; ulimit -Hc"];
    assert.equal((await terrarium.run(both)).stdout, "40\n50\n0\n");
    assert.deepEqual((await inspect(name)).spec.ulimits, {
      core: { soft: 0, hard: 0 },
      nofile: { soft: 40, hard: 50 },
    });
    await terrarium.run(["stop", name]);
    assert.match(
      (await update(name, "--ulimit", "nofile=45")).stdout,
      /^Open files from 40 soft, 50 hard to 45$/m,
    );
    await terrarium.run(["start", name]);
    assert.equal((await terrarium.run(both)).stdout, "45\n45\n0\n");
  });

  test("of one process inside are that process's, and no part of the spec", async (t) => {
    const { name } = await startSandbox(t, ["--ulimit", "nofile=100:200"], ["sleep", "600"]);
    const { processes, pid } = await inspect(name);
    const inner = processes.find((process) => process.pid !== pid)?.pid ?? 0;
    assert.equal((await update(`${inner}`, "--ulimit", "nofile=40:200")).code, 0);
    assert.equal(nofile(inner), "40:200");
    assert.deepEqual((await inspect(name)).spec.ulimits, { nofile: { soft: 100, hard: 200 } });
  });

  test("are also those of what was forked while the others got theirs", async (t) => {
    const { name, id } = await startSandbox(t, [], ["sh", "-c", "sleep 600 & sleep 600 & wait"]);
    await eventually("all three run", async () => (await inspect(name)).processes.length === 4);
    const owner = openRegistry()
      .records()
      .find((record) => record.id === id);
    const target = withProcesses({ kind: "sandbox", title: name, sandbox: id, cgroups: [] }, owner);
    const limits = { ulimitNofile: "40:200", pidsMax: 9 };
    const [main = assert.fail("no process"), next = main] = findUpdates(target.processes ?? [], {
      ulimitNofile: limits.ulimitNofile,
    });
    makeUpdates([main, next]);
    const late = forkedSince(target, owner, limits, [main]);
    assert.deepEqual(
      late.map(({ limit, after }) => `${limit} ${after}`),
      ["ulimitNofile 40:200"],
    );
    assert.ok(late[0] && ![main, next].some(({ file }) => file === late[0]?.file));
  });

  test("go back of each process when the time is over", async (t) => {
    const command = ["sh", "-c", "ulimit -Sn 90; sleep 600 & wait"];
    const { name } = await startSandbox(t, ["--ulimit", "nofile=100:200"], command);
    await eventually("the program has set its own", async () => {
      return (await inspect(name)).processes.length === 3;
    });
    await update(name, "--ulimit", "nofile=40:200", "--revert-after", "1s");
    const { processes, pid } = await inspect(name);
    const programs = processes.filter((process) => process.pid !== pid);
    assert.deepEqual(
      programs.map((process) => nofile(process.pid)),
      ["90:200", "90:200"],
    );
    assert.deepEqual((await inspect(name)).spec.ulimits, { nofile: { soft: 100, hard: 200 } });
  });
});

describe("an ordinary user changes resource limits", needsRoot, () => {
  test("of no other user's process, and is told why", async (t) => {
    const { pid } = await startLimited(t);
    const user = clientOfUser(strangerId);
    const ran = await user.run(["update", "-y", `${pid}`, "--ulimit", "nofile=50:200"]);
    assert.match(ran.stderr, /Open files 50 soft, 200 hard \(EPERM .*process of another user/);
    assert.equal(nofile(pid), "100:200");
  });

  test("downwards only, and not for a time where that could not be put back", async (t) => {
    const { pid } = await startLimited(t, [100, 200], asStranger);
    const user = clientOfUser(strangerId);
    const change = (...words: readonly string[]) =>
      user.run(["update", "-y", `${pid}`, "--ulimit", ...words]);
    const raised = await change("nofile=100:201");
    assert.match(raised.stderr, /its hard limit is 200; raising it needs CAP_SYS_RESOURCE/);
    const tried = await change("nofile=50:60", "--revert-after", "1s");
    assert.match(tried.stderr, /cannot be put back without CAP_SYS_RESOURCE/);
    assert.equal(nofile(pid), "100:200");
    assert.match((await change("nofile=50:60")).stdout, /A hard limit was lowered: /);
    assert.equal(nofile(pid), "50:60");
  });
});
