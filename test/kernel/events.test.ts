import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  constants,
  mkdirSync,
  mkdtempSync,
  openSync,
  readSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type CgroupMount, readCgroupMounts } from "../../helper/kernel/cgroupfs.ts";
import type { EventKind, OomKill, TimelineEvent } from "../../helper/protocol/events.ts";
import { eventually, inspect, type Running, startSandbox, terrarium, uniqueName } from "./cli.ts";
import { sandboxPath } from "./held-cgroups.ts";
import { startHelper } from "./helper-process.ts";
import { needsRoot } from "./isolated.ts";

const bounded = { ...needsRoot, timeout: 60_000 };

/** Takes memory until the kernel ends it: tail(1) keeps a line that has no end. */
const hungry = "tail /dev/zero";

/** It is there for a while, so that it was seen before it dies. */
const waiting = `(sleep 2; exec ${hungry}); sleep 600`;

interface Ear {
  readonly heard: readonly TimelineEvent[];
  /** What was heard of one sandbox. */
  of(target: string): readonly TimelineEvent[];
  /** Answers which of them are not there. */
  listen(targets: readonly string[]): Promise<readonly string[]>;
  history(targets: readonly string[]): Promise<readonly TimelineEvent[]>;
}

/** A helper of its own that is asked for events. */
async function listen(
  t: TestContext,
  sandboxes = true,
  before: readonly string[] = [],
): Promise<Ear> {
  const helper = await startHelper(before);
  t.after(() => helper.kill());
  const heard: TimelineEvent[] = [];
  helper.connection.onNotification("events/didHappen", (event) => heard.push(event));
  await helper.connection.request("events/watch", { sandboxes });
  return {
    heard,
    of: (target) => heard.filter((event) => event.target === target),
    listen: async (targets) => {
      const wanted = { sandboxes, targets: [...targets] };
      return (await helper.connection.request("events/watch", wanted)).gone;
    },
    history: (targets) => helper.connection.request("events/history", { targets: [...targets] }),
  };
}

function kindsOf(events: readonly TimelineEvent[]): readonly EventKind[] {
  return events.map(({ kind }) => kind);
}

function oomKills(events: readonly TimelineEvent[]): readonly (TimelineEvent & OomKill)[] {
  return events.filter((event) => event.kind === "oomKill");
}

function startIdle(t: TestContext, options: readonly string[]): Promise<Running> {
  return startSandbox(t, options, ["sleep", "600"]);
}

describe("an OOM", bounded, () => {
  test("is told with who died, its two numbers, its memory and whose limit it was", async (t) => {
    const ear = await listen(t);
    const box = await startSandbox(t, ["-m", "32m"], ["sh", "-c", waiting]);
    await eventually("the OOM", () => oomKills(ear.of(box.id)).length > 0);
    const [kill, ...others] = oomKills(ear.of(box.id));
    assert.deepEqual(others, []);
    assert.equal(kill?.title, box.name);
    assert.equal(kill?.exhausted, "own");
    assert.equal(kill?.limitBytes, 32 * 1024 ** 2);
    assert.match(kill?.limitOf ?? "", new RegExp(`${sandboxPath(box.id)}$`));
    const [victim] = kill?.killed ?? [];
    assert.equal(victim?.command, "tail");
    assert.ok(victim?.pid !== victim?.innerPid && (victim?.innerPid ?? 0) > 1);
    assert.ok((victim?.memoryBytes ?? 0) > 16 * 1024 ** 2);
    assert.equal(kill?.source, "kernelLog");
  });

  test("of a sandbox that ends by it is told before its end", async (t) => {
    const ear = await listen(t);
    await terrarium.run(["run", "-m", "32m", "--", "sh", "-c", hungry]);
    await eventually("the OOM", () => kindsOf(ear.heard).includes("oomKill"));
    const [kill] = oomKills(ear.heard);
    // So short a life may be over before anybody has looked: then the kernel's log alone knows of it.
    assert.doesNotMatch(kindsOf(ear.of(kill?.target ?? "")).join(), /exited.*oomKill/);
  });

  test("is told once, at the limit, where cgroups with limits are nested and all are followed", async (t) => {
    const ear = await listen(t);
    const { outer, inner } = nest(t);
    await ear.listen([outer, inner]);
    runIn(inner, hungry);
    await eventually("the OOM", () => oomKills(ear.heard).length > 0);
    const beginning = await startIdle(t, []);
    await eventually("what came after it", () => ear.of(beginning.id).length > 0);
    const [kill, ...others] = oomKills(ear.heard);
    assert.deepEqual(others, []);
    assert.equal(kill?.limitOf, inner);
    assert.equal(kill?.target, inner);
  });

  test("is told by the counter and who vanished where the kernel's log may not be read", async (t) => {
    const ear = await listen(t, true, withoutLog(t));
    const box = await startSandbox(t, ["-m", "32m"], ["sh", "-c", waiting]);
    await eventually("the OOM", () => oomKills(ear.of(box.id)).length > 0);
    const [kill] = oomKills(ear.of(box.id));
    assert.equal(kill?.source, "processes");
    assert.equal(kill?.count, 1);
    assert.equal(kill?.exhausted, "own");
    assert.equal(kill?.limitBytes, 32 * 1024 ** 2);
    assert.ok((kill?.killed[0]?.innerPid ?? 0) > 1);
    assert.match(kill?.killed[0]?.command ?? "", /^(sleep|tail)$/);
  });

  test("that ends a sandbox is its state", async (t) => {
    for (const [script, state] of [
      [`exec ${hungry}`, /exited \(OOM\)/],
      [`${hungry}; exit $?`, /exited \(OOM\)/],
      [`${hungry}; exit 3`, /exited \(3\)/],
      ["kill -9 $$", /exited \(SIGKILL\)/],
    ] as const) {
      const { name } = await startSandbox(t, ["-m", "32m"], ["sh", "-c", script]);
      const lineOf = async () => (await lines(["ps", "-a"])).find((line) => line.includes(name));
      await eventually("its end", async () => /exited/.test((await lineOf()) ?? ""));
      assert.match((await lineOf()) ?? "", state, script);
      assert.match((await terrarium.run(["inspect", name])).stdout, state, script);
    }
  });

  test("of the past is in the history of who asks later", async (t) => {
    const box = await startSandbox(t, ["-m", "32m"], ["sh", "-c", `${hungry}; sleep 600`]);
    const ear = await listen(t, false);
    await eventually("the OOM", async () => (await ear.history([box.name])).length > 0);
    assert.deepEqual(kindsOf(await ear.history([box.name])), ["oomKill"]);
    assert.deepEqual(ear.heard, []);
  });
});

/** What the kernel says of a kill in this cgroup; whoever may write to its log may write this as well. */
const forged = (id: string, pid: number) => [
  `oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/terrarium/${id},task_memcg=/terrarium/${id},task=sleep,pid=${pid},uid=0`,
  `Memory cgroup out of memory: Killed process ${pid} (sleep) total-vm:34808kB, anon-rss:32000kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:104kB oom_score_adj:0`,
];

test(
  "an OOM that somebody wrote into the kernel's log is not told, with whichever priority",
  bounded,
  async (t) => {
    const ear = await listen(t);
    const box = await startIdle(t, ["-m", "64m"]);
    const { pid = 0 } = (await inspect(box.name)).processes.at(-1) ?? {};
    await eventually("its beginning", () => ear.of(box.id).length > 0);
    // syslog(3) "<6>" is the kernel's facility, "<14>" a user's; one record for each write(2).
    for (const priority of ["", "<6>", "<14>"]) {
      for (const line of forged(box.id, pid)) writeFileSync("/dev/kmsg", `${priority}${line}\n`);
    }
    assert.ok(rawLog().includes(`Killed process ${pid} (sleep)`), "it stands in the log");
    await terrarium.run(["pause", box.name]);
    await eventually("what came after it", () => kindsOf(ear.of(box.id)).includes("paused"));
    assert.deepEqual(kindsOf(ear.of(box.id)), ["started", "paused"]);
    assert.deepEqual(await ear.history([box.name]).then(oomKills), []);
  },
);

/** All that is in it, as who reads it gets it. */
function rawLog(): string {
  const fd = openSync("/dev/kmsg", constants.O_RDONLY | constants.O_NONBLOCK);
  const records: string[] = [];
  const buffer = Buffer.alloc(8192);
  try {
    for (;;) records.push(buffer.toString("utf8", 0, readSync(fd, buffer)));
  } catch (error) {
    assert.match(String(error), /EAGAIN/);
  } finally {
    closeSync(fd);
  }
  return records.join("");
}

describe("of several targets", bounded, () => {
  test("those that are not there are named, and the others are heard of", async (t) => {
    const box = await startIdle(t, []);
    const ear = await listen(t, false);
    const gone = [uniqueName(), `/${uniqueName()}`];
    assert.deepEqual(await ear.listen([gone[0] ?? "", box.name, gone[1] ?? ""]), gone);
    await terrarium.run(["update", box.name, "--pids-limit", "99"]);
    await eventually("the change", () => kindsOf(ear.of(box.id)).includes("limitChanged"));
  });
});

describe("a sandbox's limits", bounded, () => {
  test("of processes are told when a fork is refused, and how many it may have", async (t) => {
    const ear = await listen(t);
    const script = "for i in 1 2 3 4 5; do sleep 600 & done; exec sleep 600";
    const box = await startSandbox(t, ["--pids-limit", "4"], ["bash", "-c", script]);
    await eventually("the refusal", () => kindsOf(ear.of(box.id)).includes("pidsLimit"));
    const refusal = ear.of(box.id).find(({ kind }) => kind === "pidsLimit");
    assert.ok(refusal?.kind === "pidsLimit" && refusal.most === 4 && refusal.count > 0);
  });

  test("that another helper changes are told once, with what they were", async (t) => {
    const ear = await listen(t);
    const box = await startIdle(t, ["-m", "64m"]);
    await eventually("its beginning", () => ear.of(box.id).length > 0);
    const { code, stderr } = await terrarium.run(["update", box.name, "-m", "48m"]);
    assert.equal(code, 0, stderr);
    await eventually("the change", () => kindsOf(ear.of(box.id)).includes("limitChanged"));
    await terrarium.run(["pause", box.name]);
    await eventually("what came after it", () => kindsOf(ear.of(box.id)).includes("paused"));
    const changes = ear.of(box.id).filter((event) => event.kind === "limitChanged");
    assert.deepEqual(
      changes.map(({ limit, from, to }) => [limit, from, to]),
      [["memoryBytes", 64 * 1024 ** 2, 48 * 1024 ** 2]],
    );
  });

  test("of the CPU are told once when they hold it back", async (t) => {
    const ear = await listen(t);
    const busy = ["sh", "-c", "while :; do :; done"];
    const box = await startSandbox(t, ["--cpus", "0.05"], busy);
    await eventually("the throttling", () => kindsOf(ear.of(box.id)).includes("throttled"));
    const told = ear.of(box.id).find(({ kind }) => kind === "throttled");
    assert.ok(told?.kind === "throttled" && told.phase === "began" && told.share > 0.5);
  });
});

test("while nobody listens nothing is read", bounded, async (t) => {
  const helper = await startHelper();
  t.after(() => helper.kill());
  await startIdle(t, []);
  const listenTo = (sandboxes: boolean) => helper.connection.request("events/watch", { sandboxes });
  await listenTo(true);
  const busy = helper.readCalls();
  await eventually("a look", () => helper.readCalls() > busy + 10);
  await listenTo(false);
  await eventually("it rests", async () => {
    const before = helper.readCalls();
    // Longer than the pause between two looks. Within one such time its start comes to an end (kernel/startPages.ts).
    await sleep(2_500);
    return helper.readCalls() - before < 5;
  });
});

describe("the life of a sandbox", bounded, () => {
  test("is told from its beginning to its end, with its exit code", async (t) => {
    const ear = await listen(t);
    const { id, name } = await startSandbox(
      t,
      [],
      ["sh", "-c", "trap 'exit 3' TERM; sleep 600 & wait"],
    );
    await eventually("its beginning", () => ear.of(id).length === 1);
    await terrarium.run(["pause", name]);
    await eventually("the pause", () => ear.of(id).length === 2);
    await terrarium.run(["unpause", name]);
    await eventually("the thaw", () => ear.of(id).length === 3);
    await terrarium.run(["stop", name]);
    await eventually("its end", () => ear.of(id).length === 4);
    assert.deepEqual(kindsOf(ear.of(id)), ["started", "paused", "resumed", "exited"]);
    const end = ear.of(id).at(-1);
    assert.ok(end?.kind === "exited" && end.code === 3, JSON.stringify(end));
  });

  test("is told also of one that ends before it can be looked at", async (t) => {
    const ear = await listen(t);
    const { id } = await startSandbox(t, [], ["sh", "-c", "exit 4"]);
    await eventually("its end", () => kindsOf(ear.of(id)).includes("exited"));
    const ends = ear.of(id).filter((event) => event.kind === "exited");
    assert.deepEqual(
      ends.map(({ code }) => code),
      [4],
    );
  });

  test("is not told to who listens to another", async (t) => {
    const one = await startIdle(t, []);
    const ear = await listen(t, false);
    await ear.listen([one.name]);
    await startIdle(t, []);
    await terrarium.run(["pause", one.name]);
    await eventually("the pause", () => ear.heard.length > 0);
    assert.deepEqual(
      ear.heard.map(({ target, kind }) => [target, kind]),
      [[one.id, "paused"]],
    );
  });
});

describe("terrarium events", bounded, () => {
  test("tells line by line until it is ended, the past first where that is asked for", async (t) => {
    const box = await startSandbox(t, ["-m", "32m"], ["sh", "-c", `${hungry}; exec sleep 600`]);
    await eventually(
      "the OOM",
      async () => (await lines(["events", box.name, "--no-follow"])).length,
    );
    const child = terrarium.start(["events", box.name, "--since", "10m", "--json"]);
    t.after(() => child.kill("SIGKILL"));
    const heard: TimelineEvent[] = [];
    createInterface({ input: child.stdout }).on("line", (line) => heard.push(JSON.parse(line)));
    await eventually("the past", () => heard.length > 0);
    await terrarium.run(["pause", box.name]);
    await eventually("the pause", () => heard.length > 1);
    assert.deepEqual(kindsOf(heard), ["oomKill", "paused"]);
    child.kill("SIGINT");
    const [, signal] = await once(child, "exit");
    assert.equal(signal, "SIGINT");
  });

  test("shows a time, a name and one sentence", async (t) => {
    const box = await startSandbox(t, ["-m", "32m"], ["sh", "-c", `${hungry}; exec sleep 600`]);
    let told: readonly string[] = [];
    await eventually("the OOM", async () => {
      told = await lines(["events", "--since", "1m", "--no-follow"]);
      return told.some((line) => line.includes(box.name));
    });
    const pattern = `^\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d  ${box.name}  the kernel killed tail \\(`;
    assert.match(told.find((line) => line.includes(box.name)) ?? "", new RegExp(pattern));
  });

  test("refuses what is no duration and what is not there", async () => {
    assert.match((await terrarium.run(["events", "--since", "soon"])).stderr, /10m, 90s or 1h30m/);
    const { code, stderr } = await terrarium.run(["events", "nobody-is-called-that"]);
    assert.deepEqual([code, /There is no sandbox/.test(stderr)], [125, true]);
  });
});

async function lines(words: readonly string[]): Promise<readonly string[]> {
  return (await terrarium.run(words)).stdout.split("\n").filter(Boolean);
}

/** A helper that begins so finds a socket in place of the log, which open(2) refuses. */
function withoutLog(t: TestContext): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), "terrarium-events-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const socket = join(folder, "socket");
  const server = createServer().listen(socket);
  t.after(() => server.close());
  const script = `mount --bind ${socket} /dev/kmsg && exec "$@"`;
  return ["unshare", "--mount", "sh", "-c", script, "sh"];
}

/** A cgroup of 64 MB, and in it one of 24. */
function nest(t: TestContext): { readonly outer: string; readonly inner: string } {
  const memory = memoryHierarchy();
  const outer = join(memory.mountPoint, uniqueName());
  const inner = join(outer, "inner");
  t.after(() => {
    for (const directory of [inner, outer]) rmdirSync(directory);
  });
  const file = memory.version === 1 ? "memory.limit_in_bytes" : "memory.max";
  for (const [directory, megabytes] of [
    [outer, 64],
    [inner, 24],
  ] as const) {
    if (memory.version === 2)
      writeFileSync(join(directory, "../cgroup.subtree_control"), "+memory");
    mkdirSync(directory);
    writeFileSync(join(directory, file), `${megabytes * 1024 ** 2}`);
  }
  return { outer, inner };
}

function memoryHierarchy(): CgroupMount {
  const { hierarchies } = readCgroupMounts();
  const memory = hierarchies.find(({ controllers }) => controllers.includes("memory"));
  assert.ok(memory, "no memory controller is mounted here");
  return memory;
}

/** Waits until it has ended. */
function runIn(cgroup: string, script: string): void {
  const words = ["-c", `echo $$ > ${join(cgroup, "cgroup.procs")}; ${script}`];
  assert.notEqual(spawnSync("sh", words, { stdio: "ignore" }).status, 0);
}
