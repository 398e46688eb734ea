import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { readCgroupMounts, writeCgroupFile } from "../../helper/kernel/cgroupfs.ts";
import { targetOfPath, targetOfProcess } from "../../helper/limits/target.ts";
import { TerrariumError } from "../../helper/protocol/errors.ts";
import type { UsageRound } from "../../helper/protocol/usage.ts";
import { type UsageRates, usageRates } from "../../helper/protocol/usageRates.ts";
import { FilesAbove } from "../../helper/usage/above.ts";
import { UsageFeed } from "../../helper/usage/feed.ts";
import { usageFiles } from "../../helper/usage/files.ts";
import { type Kept, UsageReader } from "../../helper/usage/reader.ts";
import { Sampler } from "../../helper/usage/sampler.ts";
import { eventually } from "./cli.ts";
import { hasScopes } from "./held-cgroups.ts";
import { startInside } from "./insideCgroup.ts";
import { needsCgroups, needsRoot, startIsolated, startPlain } from "./isolated.ts";

/** Every figure against a load whose effect is known. */

const bounded = { ...needsRoot, timeout: 60_000 };
const withCgroups = { ...needsCgroups, timeout: 120_000 };
const mebibyte = 1024 * 1024;

/** Cgroups and processes; sandboxes are asked for in test/kernel/cli-stats.test.ts. */
const find = (target: string) =>
  target.startsWith("/") ? targetOfPath(target) : targetOfProcess(Number(target));

function openSampler(t: TestContext): Sampler {
  const sampler = new Sampler(find);
  t.after(() => sampler.dispose());
  return sampler;
}

async function ratesOf(sampler: Sampler, target: string, ms: number): Promise<UsageRates> {
  const before = sampler.sample(target);
  await sleep(ms);
  const rates = usageRates(before, sampler.sample(target));
  assert.ok(rates);
  return rates;
}

describe("the usage of a cgroup", withCgroups, () => {
  test("shows a busy loop at its quota, and that it is throttled", async (t) => {
    const limits = { cpuPeriodUs: 20_000, cpuQuotaUs: 4_000 };
    const target = await startInside(t, limits, "echo; while :; do :; done");
    const { cpuPercent = 0, throttledPercent = 0 } = await ratesOf(openSampler(t), target, 1_000);
    // Beside other work it may get less than its quota, never more.
    assert.ok(cpuPercent > 5 && cpuPercent < 22, `${cpuPercent} %`);
    assert.ok(throttledPercent > 30, `${throttledPercent} % of the periods`);
  });

  test("shows memory that is held, apart from files and against the limit", async (t) => {
    const hold = "held=$(head -c 20m /dev/zero | tr '\\0' a); echo; sleep 600";
    const target = await startInside(t, { memoryBytes: 64 * mebibyte }, hold);
    const { memory } = openSampler(t).sample(target);
    assert.ok(memory);
    assert.ok((memory.anon ?? 0) > 20 * mebibyte, `anon ${memory.anon}`);
    assert.ok(memory.current >= (memory.anon ?? 0) && memory.current <= 64 * mebibyte);
    assert.ok((memory.peak ?? 0) >= memory.current, `peak ${memory.peak}`);
    assert.equal(memory.max, 64 * mebibyte);
    assert.equal(memory.oomKills, 0);
  });

  test("counts an OOM kill, and how often the limit was met", async (t) => {
    const eat = "(held=$(head -c 40m /dev/zero | tr '\\0' a)); echo; sleep 600";
    const target = await startInside(t, { memoryBytes: 8 * mebibyte }, eat);
    const { memory } = openSampler(t).sample(target);
    assert.ok((memory?.oomKills ?? 0) >= 1, `${memory?.oomKills}`);
    assert.ok((memory?.maxEvents ?? 0) >= 1, `${memory?.maxEvents}`);
  });

  test("is read in part while nothing runs, and tells of the limit as soon as it is met", async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "terrarium-rest-"));
    t.after(() => rmSync(folder, { recursive: true }));
    const begin = join(folder, "begin");
    execFileSync("mkfifo", [begin]);
    const eat = "(held=$(head -c 40m /dev/zero | tr '\\0' a)); sleep 600";
    const wait = `echo; read -r go < ${begin}; ${eat}`;
    const target = await startInside(t, { memoryBytes: 8 * mebibyte }, wait);
    const above = new FilesAbove();
    const reader = openReader(t, target, "all", above);
    const readOnce = () => roundOf([reader], above);
    const whole = readOnce();
    assert.equal(whole.first?.memory?.oomKills, 0);
    // Of version 2 three files follow, of version 1 more.
    await eventually("a round of fewer reads", () => readOnce().calls <= whole.calls - 3);
    writeFileSync(begin, "go\n");
    await eventually("the limit is met", () => {
      const { maxEvents = 0, oomKills = 0, peak = 0 } = readOnce().first?.memory ?? {};
      return maxEvents > 0 && oomKills > 0 && peak > 4 * mebibyte;
    });
  });

  test("counts processes against their limit", async (t) => {
    const target = await startInside(t, { pidsMax: 9 }, "sleep 600 & sleep 600 & echo; wait");
    assert.deepEqual(openSampler(t).sample(target).pids, { current: 3, max: 9 });
  });

  test("shows in its pressure that two loops want one processor's time", async (t) => {
    const limits = { cpuPeriodUs: 20_000, cpuQuotaUs: 4_000 };
    const loops = "(while :; do :; done) & (while :; do :; done) & echo; wait";
    const target = await startInside(t, limits, loops);
    const { pressure } = await ratesOf(openSampler(t), target, 1_000);
    assert.ok((pressure?.cpu?.somePercent ?? 0) > 20, `${pressure?.cpu?.somePercent} %`);
    // A thread of every processor may add a little more than the time that went by.
    assert.ok((pressure?.cpu?.somePercent ?? 0) < 110, `${pressure?.cpu?.somePercent} %`);
  });

  test("is that of the cgroups below it, too", async (t) => {
    const target = await startInside(t, {}, "echo; while :; do :; done");
    const sampler = openSampler(t);
    const [above, below] = await Promise.all([
      ratesOf(sampler, dirname(target), 500),
      ratesOf(sampler, target, 500),
    ]);
    assert.ok((above.cpuPercent ?? 0) > 0.8 * (below.cpuPercent ?? 100));
  });
});

describe("a cgroup among many", bounded, () => {
  /** A shell in each, the first of which writes more than its memory holds once it is told. */
  async function openCrowd(t: TestContext, kept: Kept) {
    const folder = mkdtempSync(join(tmpdir(), "terrarium-crowd-"));
    const begin = join(folder, "begin");
    t.after(() => rmSync(folder, { recursive: true }));
    const write = `while :; do head -c 40m /dev/zero > ${begin}; sleep 1; done`;
    const wait = `echo; until [ -e ${begin} ]; do sleep 0.1; done; ${write}`;
    const mover = await startInside(t, { memoryBytes: 8 * mebibyte }, wait);
    const others = Array.from({ length: 9 }, () => startInside(t, {}, "echo; exec sleep 600"));
    const above = new FilesAbove();
    const targets = [mover, ...(await Promise.all(others))];
    const readers = targets.map((target) => openReader(t, target, kept, above));
    const readRound = () => roundOf(readers, above);
    const alone = openReader(t, mover, "all");
    return { readRound, alone, move: () => writeFileSync(begin, "") };
  }

  for (const kept of ["all", "often"] satisfies Kept[]) {
    test(`is read at once when it moves, before only with the one above (kept: ${kept})`, async (t) => {
      if (hasScopes)
        return t.skip("each has a scope of its own here: they have none above together");
      const { readRound, alone, move } = await openCrowd(t, kept);
      if (!alone.read()?.pressure?.memory) return t.skip("this kernel tells no pressure of memory");
      readRound();
      const { calls } = readRound();
      await eventually("a round of fewer reads", () => readRound().calls < calls - 10);
      const still = readRound().first?.pressure?.memory?.someUs ?? 0;
      move();
      await eventually("it waits for memory", () => {
        const now = alone.read()?.pressure?.memory?.someUs ?? 0;
        const told = readRound().first?.pressure?.memory?.someUs ?? 0;
        // The one above counts the same over more processors, so that parts of a microsecond may not show.
        assert.ok(told >= now - 100, `${told} of ${now} us`);
        return told > still;
      });
    });
  }
});

function openReader(t: TestContext, target: string, kept: Kept, above = new FilesAbove()) {
  const rows = usageFiles({ bfq: false, hugePageSizes: [] });
  const reader = new UsageReader(targetOfPath(target).cgroups, rows, kept, above);
  t.after(() => reader.dispose());
  return reader;
}

function roundOf(readers: readonly UsageReader[], above: FilesAbove) {
  above.beginRound();
  const before = readCalls();
  const [first] = readers.map((reader) => reader.read());
  return { first, calls: readCalls() - before };
}

/** Reads that this process has asked the kernel for: proc_pid_io(5). */
function readCalls(): number {
  return Number(/^syscr: (\d+)/m.exec(readFileSync("/proc/self/io", "utf8"))?.[1]);
}

/** An empty cgroup of this name in every hierarchy. */
function makeEverywhere(name: string): void {
  for (const { mountPoint } of readCgroupMounts().hierarchies) mkdirSync(join(mountPoint, name));
}

function removeEverywhere(name: string): void {
  for (const { mountPoint } of readCgroupMounts().hierarchies) rmdirSync(join(mountPoint, name));
}

describe("a cgroup that is removed", bounded, () => {
  for (const kept of ["all", "often", "none"] satisfies Kept[]) {
    test(`and made again is another one (descriptors kept: ${kept})`, (t) => {
      const name = `usage-${process.pid}-${kept}`;
      makeEverywhere(name);
      t.after(() => removeEverywhere(name));
      const rows = usageFiles({ bfq: false, hugePageSizes: [] });
      const open = () =>
        new UsageReader(targetOfPath(`/${name}`).cgroups, rows, kept, new FilesAbove());
      const first = open();
      const before = first.read();
      assert.equal(first.read()?.identity, before?.identity);
      removeEverywhere(name);
      makeEverywhere(name);
      assert.equal(first.read(), undefined);
      first.dispose();
      const second = open();
      assert.notEqual(second.read()?.identity, before?.identity);
      second.dispose();
    });
  }

  test("is gone at once, also where only the one above is read", async (t) => {
    const disks = readCgroupMounts().hierarchies.find(({ controllers }) =>
      controllers.includes("blkio"),
    );
    if (!disks)
      return t.skip("this machine has no such hierarchy, where all is read of the one above");
    const parent = join(disks.mountPoint, `usage-${process.pid}-disks`);
    const directories = Array.from({ length: 8 }, (_, at) => join(parent, `${at}`));
    for (const directory of directories) mkdirSync(directory, { recursive: true });
    t.after(() => {
      for (const directory of [...directories, parent]) tryRemove(directory);
    });
    const above = new FilesAbove();
    const readers = directories.map((directory) => openReader(t, directory, "all", above));
    const readRound = () => roundOf(readers, above);
    const { calls } = readRound();
    await eventually("a round of fewer reads", () => readRound().calls < calls - 8);
    rmdirSync(directories[0] ?? "");
    assert.equal(readRound().first, undefined);
  });

  test("is an error, and found again when it is back", (t) => {
    const name = `usage-${process.pid}`;
    const sampler = openSampler(t);
    makeEverywhere(name);
    const before = sampler.sample(`/${name}`);
    removeEverywhere(name);
    assert.throws(
      () => sampler.sample(`/${name}`),
      (error) => TerrariumError.is(error, "noSuchCgroup"),
    );
    makeEverywhere(name);
    t.after(() => removeEverywhere(name));
    assert.equal(usageRates(before, sampler.sample(`/${name}`)), undefined);
  });
});

test(
  "a cgroup in a hierarchy that counts nothing has no figures, until it is removed",
  needsRoot,
  (t) => {
    const { hierarchies } = readCgroupMounts();
    const silent = hierarchies.find(({ controllers }) => controllers.includes("freezer"));
    if (!silent) return t.skip("this machine has no such hierarchy");
    const directory = join(silent.mountPoint, `usage-${process.pid}-silent`);
    mkdirSync(directory);
    const sampler = openSampler(t);
    const { cpu, memory, pids, io, pressure } = sampler.sample(directory);
    assert.deepEqual([cpu, memory, pids, io, pressure], Array(5).fill(undefined));
    rmdirSync(directory);
    assert.throws(
      () => sampler.sample(directory),
      (error) => TerrariumError.is(error, "noSuchCgroup"),
    );
  },
);

describe("a process", bounded, () => {
  test("is asked for by its id, until it ends, though its cgroup stays", async (t) => {
    const { pid, end } = await startPlain(t);
    const sampler = openSampler(t);
    assert.equal(sampler.sample(`${pid}`).target, `${pid}`);
    await end();
    assert.throws(
      () => sampler.sample(`${pid}`),
      (error) => TerrariumError.is(error, "noSuchProcess"),
    );
  });

  test("in the root of one hierarchy does not get the whole machine's figures from there", async (t) => {
    const { hierarchies } = readCgroupMounts();
    const legacy = hierarchies.find(({ id }) => id === "pids");
    if (!legacy) return t.skip("this machine has no version 1 hierarchy of pids");
    const { pid, end } = await startPlain(t);
    const tops = hierarchies.filter(({ mountPoint }) => tryMove(pid, mountPoint));
    const own = join(legacy.mountPoint, `usage-${process.pid}-own`);
    mkdirSync(own);
    t.after(async () => {
      await end();
      await eventually("the kernel lets the process go", () => tryRemove(own));
    });
    writeFileSync(join(own, "cgroup.procs"), `${pid}`);
    const { pids, cpu, pressure } = openSampler(t).sample(`${pid}`);
    assert.deepEqual([pids?.current, cpu], [1, undefined]);
    if (tops.some(({ version }) => version === 2)) assert.equal(pressure, undefined);
  });

  test("has a network when it has its own, and none when it is the host's", async (t) => {
    const sampler = openSampler(t);
    const { pid: plain } = await startPlain(t);
    assert.equal(sampler.sample(`${plain}`).network, undefined);
    const script =
      'ip link add left type veth peer name right && ip link set left up && ip link set right up; read -r pid rest < /proc/self/stat; echo "$pid"; exec sleep 600';
    const { pid } = await startIsolated(t, ["--net"], script);
    const names = sampler.sample(`${pid}`).network?.map((link) => link.interface);
    assert.deepEqual([...(names ?? [])].sort(), ["left", "right"]);
    // The kernel itself asks for routers and neighbours on an interface that came up (IPv6).
    await eventually("something was sent", () =>
      sampler.sample(`${pid}`).network?.some(({ txBytes }) => txBytes > 0),
    );
  });
});

test(
  "a process with very many interfaces tells of the first, and costs no more",
  bounded,
  async (t) => {
    const sampler = openSampler(t);
    const many = "seq -f 'link add tap%g type veth' 40 | ip -batch -";
    const script = `${many}; read -r pid rest < /proc/self/stat; echo "$pid"; exec sleep 600`;
    const { pid } = await startIsolated(t, ["--net"], script);
    assert.equal(sampler.sample(`${pid}`).network?.length, 32);
  },
);

/** In a cgroup namespace the top of version 2 is one that holds no processes while it passes controllers on (EBUSY). */
function tryMove(pid: number, directory: string): boolean {
  const errno = writeCgroupFile(directory, "cgroup.procs", `${pid}`);
  assert.ok(errno === undefined || errno === "EBUSY", errno);
  return errno === undefined;
}

function tryRemove(directory: string): boolean {
  try {
    rmdirSync(directory);
    return true;
  } catch {
    return false;
  }
}

describe("watching", bounded, () => {
  function openFeed(t: TestContext) {
    const rounds: UsageRound[] = [];
    const feed = new UsageFeed(find, (round) => void rounds.push(round));
    t.after(() => feed.dispose());
    return { feed, rounds };
  }

  test("tells each watcher its own targets, at its own pace, and what is not there", async (t) => {
    const { feed, rounds } = openFeed(t);
    feed.watch({ watcher: "panel", targets: ["/"], intervalMs: 100 });
    feed.watch({ watcher: "tree", targets: ["/", "/no/such"], intervalMs: 60_000 });
    await eventually("five rounds", () => rounds.length >= 5);
    const [tree] = rounds.filter(({ watcher }) => watcher === "tree");
    assert.deepEqual(tree?.missing, ["/no/such"]);
    assert.deepEqual(
      tree?.samples.map(({ target }) => target),
      ["/"],
    );
    assert.ok(rounds.filter(({ watcher }) => watcher === "tree").length === 1);
  });

  test("reads nothing once nobody watches, and holds no descriptor after the end", async (t) => {
    const { feed, rounds } = openFeed(t);
    feed.watch({ watcher: "", targets: ["/"], intervalMs: 100 });
    await eventually("a round", () => rounds.length > 0);
    assert.ok(openCgroupFiles() > 5);
    feed.watch({ watcher: "", targets: [], intervalMs: 100 });
    const before = rounds.length;
    await sleep(350);
    assert.equal(rounds.length, before);
    feed.dispose();
    assert.equal(openCgroupFiles(), 0);
  });

  test("leaves a history for who opens the panel again, at most one sample a second", async (t) => {
    const { feed, rounds } = openFeed(t);
    assert.deepEqual(feed.history("/"), []);
    feed.watch({ watcher: "", targets: ["/"], intervalMs: 100 });
    await eventually("fifteen rounds", () => rounds.length >= 15);
    feed.watch({ watcher: "", targets: [], intervalMs: 100 });
    const history = feed.history("/");
    assert.ok(history.length >= 2 && history.length < rounds.length, `${history.length}`);
    assert.deepEqual(history[0], JSON.parse(JSON.stringify(rounds[0]?.samples[0])));
    const gaps = history.slice(1).map((sample, at) => sample.atMs - (history[at]?.atMs ?? 0));
    assert.ok(
      gaps.every((gap) => gap >= 900),
      gaps.join(" "),
    );
  });

  test("is refused to more watchers than an editor has", (t) => {
    const { feed } = openFeed(t);
    const watch = (watcher: string) => feed.watch({ watcher, targets: ["/"], intervalMs: 60_000 });
    for (let count = 0; count < 64; count += 1) watch(`${count}`);
    watch("63");
    assert.throws(() => watch("one more"), /64 watchers/);
  });
});

function openCgroupFiles(): number {
  const links = readdirSync("/proc/self/fd").map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return "";
    }
  });
  return links.filter((link) => link.startsWith("/sys/fs/cgroup/")).length;
}
