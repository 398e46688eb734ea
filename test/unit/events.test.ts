import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Follower, type Target } from "../../helper/events/follower.ts";
import { HoldOff, rise } from "../../helper/events/holdOff.ts";
import { KillLog } from "../../helper/events/killLog.ts";
import { together } from "../../helper/events/oomKills.ts";
import { containment } from "../../helper/events/paths.ts";
import { Throttling } from "../../helper/events/throttling.ts";
import { Watching } from "../../helper/events/watching.ts";
import type { CgroupMount } from "../../helper/kernel/cgroupfs.ts";
import {
  describeHappening,
  eventFacts,
  eventKinds,
  type Happening,
} from "../../helper/protocol/events.ts";
import { noAudit } from "../../helper/sandboxes/audit.ts";
import { openRegistry } from "../../helper/sandboxes/registry.ts";
import { openStateDirectory } from "../../helper/sandboxes/stateDirectory.ts";

describe("throttling", () => {
  /** One look a second; in each, of ten periods so many were cut short. */
  function follow(throttledInEach: readonly number[]): readonly string[] {
    const throttling = new Throttling();
    let throttled = 0;
    return throttledInEach.flatMap((more, second) => {
      throttled += more;
      const counters = { periods: second * 10, throttled };
      const told = throttling.next(second * 1000, counters);
      return told.map((event) => `${second} ${describeHappening(event)}`);
    });
  }

  test("is told once when it lasts, and once when it is over", () => {
    assert.deepEqual(follow([0, 5, 5, 5, 0, 5, ...Array(12).fill(0)]), [
      "2 the CPU quota is used up: held back in 50 % of its periods",
      "15 held back no more, after 5 s in 40 % of its periods",
    ]);
  });

  test("of a moment is not told", () => {
    assert.deepEqual(follow([0, 10, 0, 0, 10, 0, 0, 0]), []);
  });

  test("of a cgroup that was made again begins anew", () => {
    const throttling = new Throttling();
    throttling.next(0, { periods: 100, throttled: 100 });
    assert.deepEqual(throttling.next(1000, { periods: 1, throttled: 0 }), []);
    assert.deepEqual(throttling.next(2000, { periods: 2, throttled: 0 }), []);
  });

  test("that the kernel does not count is nothing", () => {
    assert.deepEqual(new Throttling().next(0, {}), []);
  });
});

describe("a limit that is met again and again", () => {
  test("is told at once, then all that came meanwhile together", () => {
    const holdOff = new HoldOff();
    const counted = [0, 3, 9, 9, 1000, 1000];
    const told = counted.map((count, second) => holdOff.next(second * 10_000, count));
    assert.deepEqual(told, [0, 3, 0, 0, 997, 0]);
  });

  test("counts from nothing where its cgroup was made again", () => {
    assert.equal(rise(10, 12), 2);
    assert.equal(rise(10, 2), 2);
  });
});

test("a storm of OOM kills is a few events, of which none is lost", () => {
  const kill = (pid: number, key: string) => ({
    concerns: [{ target: { key } }],
    happening: {
      kind: "oomKill",
      killed: [{ pid }],
      count: 1,
      exhausted: "own",
      source: "kernelLog",
    } as const,
  });
  const storm = Array.from({ length: 10_000 }, (_, pid) => kill(pid, "one"));
  const told = together([...storm, kill(1, "other")]);
  assert.equal(told.length, 8 + 1 + 1);
  assert.equal(
    told.reduce((sum, { happening }) => sum + happening.count, 0),
    10_001,
  );
  assert.ok(told.every(({ happening }) => happening.killed.length <= 8));
});

describe("an OOM kill that no log tells of", () => {
  /** The files of a cgroup of version 1, which say what the kernel's do. */
  function follow(t: TestContext) {
    const directory = mkdtempSync(join(tmpdir(), "terrarium-cgroup-"));
    t.after(() => rmSync(directory, { recursive: true }));
    const say = (kills: number, ...pids: readonly number[]) => {
      writeFileSync(join(directory, "memory.oom_control"), `oom_kill ${kills}\n`);
      writeFileSync(join(directory, "memory.failcnt"), `${kills}\n`);
      writeFileSync(join(directory, "cgroup.procs"), pids.map((pid) => `${pid}\n`).join(""));
    };
    say(0);
    const hierarchy: CgroupMount = {
      ...{ id: "memory", version: 1, controllers: ["memory"] },
      ...{ mountPoint: directory, root: "/", ownPath: "/" },
    };
    const cgroups = [{ hierarchy, directory }];
    const target: Target = { key: "x", kind: "cgroup", title: "x", cgroups };
    const follower = new Follower({ target, isNew: false, hasLog: false }, () => undefined);
    t.after(() => follower.dispose());
    const log = new KillLog(() => undefined);
    const look = () => {
      follower.look(0);
      return log.look(0, [follower]).map(({ happening }) => ({
        killed: happening.killed.map(({ pid }) => pid),
        ...{ count: happening.count, exhausted: happening.exhausted },
      }));
    };
    return { say, look };
  }

  test("is told when its victim has gone, which was chosen before", (t) => {
    const { say, look } = follow(t);
    say(0, 1, 2);
    assert.deepEqual(look(), []);
    say(1, 1, 2);
    assert.deepEqual(look(), []);
    say(1, 1);
    assert.deepEqual(look(), [{ killed: [2], count: 1, exhausted: "own" }]);
    assert.deepEqual(look(), []);
  });

  test("is told all the same where nobody goes, or nobody is there any more", (t) => {
    const { say, look } = follow(t);
    say(1, 1);
    assert.deepEqual(look(), []);
    assert.deepEqual(look(), [{ killed: [], count: 1, exhausted: "own" }]);
    say(2);
    assert.deepEqual(look(), [{ killed: [1], count: 1, exhausted: "own" }]);
    say(3);
    assert.deepEqual(look(), [{ killed: [], count: 1, exhausted: "own" }]);
  });
});

test("however often something is heard of, looking takes a small part of the time", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "terrarium-watching-"));
  const registry = openRegistry(openStateDirectory(folder));
  let looks = 0;
  const records = () => {
    looks += 1;
    const endMs = performance.now() + 30;
    while (performance.now() < endMs);
    return [];
  };
  const asker = { uid: 0, gid: 0, name: "root", home: "/", shell: "/bin/sh" };
  const watching = new Watching(
    { registry: { ...registry, records }, asker, audit: noAudit },
    () => undefined,
  );
  t.after(() => {
    watching.set(false, []);
    rmSync(folder, { recursive: true });
  });
  const begunMs = performance.now();
  watching.set(true, []);
  for (let round = 0; round < 80; round += 1) {
    writeFileSync(join(registry.state.sandboxes, "something"), `${round}`);
    await sleep(10);
  }
  // Two to begin with, and one in each tenth of what it did not take.
  assert.ok(looks <= 4 + (performance.now() - begunMs) / 300, `${looks} looks`);
});

describe("a path of the kernel's log", () => {
  test("is a cgroup's or one of a cgroup below, by whole names", () => {
    const contains = containment(false);
    assert.ok(contains("/docker", "/docker/a"));
    assert.ok(contains("/docker", "/docker"));
    assert.ok(contains("/", "/docker"));
    assert.ok(!contains("/docker", "/docker2"));
    assert.ok(!contains("/docker", "/other/docker/a"));
  });

  test("has unknown names before it where the helper is in a cgroup namespace", () => {
    const contains = containment(true);
    assert.ok(contains("/terrarium/a", "/outer/terrarium/a/b"));
    assert.ok(!contains("/terrarium/a", "/outer/terrarium/ab"));
  });
});

describe("words", () => {
  const happenings: readonly (readonly [Happening, string])[] = [
    [{ kind: "started", pid: 12 }, "started as process 12"],
    [{ kind: "exited", code: 3 }, "ended with 3"],
    [{ kind: "exited", code: 137, signal: "SIGKILL" }, "ended by SIGKILL"],
    [{ kind: "exited" }, "ended"],
    [
      { kind: "limitChanged", limit: "memoryBytes", to: 1024 ** 2, byUid: 5 },
      "Memory changed from no limit to 1 MB by user 5",
    ],
    [
      { kind: "pidsLimit", count: 12, most: 4 },
      "no new process 12 times: the limit of 4 is reached",
    ],
    [
      {
        kind: "oomKill",
        killed: [{ pid: 20, innerPid: 3, command: "tail", memoryBytes: 2 * 1024 ** 2 }],
        count: 1,
        biggest: { pid: 21, command: "db" },
        exhausted: "own",
        limitOf: "/x",
        limitBytes: 1024 ** 2,
        source: "kernelLog",
      },
      "the kernel killed tail (3 → 20, 2 MB): its memory limit of 1 MB is reached; biggest was db (21)",
    ],
    [
      {
        kind: "oomKill",
        killed: [],
        count: 3,
        exhausted: "other",
        limitOf: "/y",
        source: "counter",
      },
      "the kernel killed a process and 2 more: the memory limit of /y is reached (the kernel's counter says no more)",
    ],
  ];

  test("say what happened in one sentence", () => {
    for (const [happening, words] of happenings) assert.equal(describeHappening(happening), words);
  });

  test("are there for every kind", () => {
    for (const kind of eventKinds) assert.ok(eventFacts[kind].label);
  });
});
