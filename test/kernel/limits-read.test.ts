import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { readCgroupMounts } from "../../helper/kernel/cgroupfs.ts";
import { limitsOf, makeCgroup, row } from "./cgroup-limits.ts";
import { inspect, startSandbox, terrarium, uniqueName } from "./cli.ts";
import { sandboxPath } from "./held-cgroups.ts";
import { needsCgroups, needsRoot, startPlain } from "./isolated.ts";

describe("the limits of", needsCgroups, () => {
  test("a sandbox are those of its own cgroup, with the file that holds each", async (t) => {
    const { name, id } = await startSandbox(t, ["-m", "64m", "--cpus", "0.5"], ["sleep", "600"]);
    const report = await limitsOf(name);
    assert.deepEqual(
      [report.kind, report.title, report.sandbox, report.own],
      ["sandbox", name, id, true],
    );
    const memory = row(report, "memoryBytes");
    assert.equal(memory.value, 64 * 1024 * 1024);
    assert.ok(dirname(memory.file ?? "").endsWith(sandboxPath(id)), memory.file);
    assert.deepEqual(memory.effective, { value: memory.value, file: memory.file, title: name });
    assert.equal(row(report, "pidsMax").value, undefined);
    // What is above may have one: systemd limits the tasks of each unit.
    assert.notEqual(row(report, "pidsMax").effective?.title, name);
  });

  test("a process of a sandbox are the sandbox's", async (t) => {
    const { name, id } = await startSandbox(t, ["--pids-limit", "9"], ["sleep", "600"]);
    const report = await limitsOf((await inspect(name)).processes[0]?.pid ?? 0);
    assert.deepEqual([report.kind, report.sandbox, report.own], ["process", id, true]);
    assert.equal(row(report, "pidsMax").effective?.title, name);
  });

  test("a process of nobody's are said to be no sandbox's", async (t) => {
    const { pid } = await startPlain(t);
    const { own, sandbox, title } = await limitsOf(pid);
    assert.deepEqual([own, sandbox, title], [false, undefined, "sleep"]);
  });
});

describe("a limit is in effect", needsRoot, () => {
  test("from the lowest of the cgroups above, which is named", async (t) => {
    const outer = uniqueName();
    const inner = `${outer}/inner`;
    makeCgroup(t, outer, "pids", "memory").write("pids.max", "7");
    makeCgroup(t, inner, "pids", "memory").write("pids.max", "50");
    const pids = row(await limitsOf(`/${inner}`), "pidsMax");
    assert.deepEqual([pids.value, pids.parent], [50, 7]);
    assert.deepEqual([pids.effective?.value, pids.effective?.title], [7, outer]);
    // The link: what sets it is a target itself.
    const above = await limitsOf(dirname(pids.effective?.file ?? ""));
    assert.equal(row(above, "pidsMax").value, 7);
    assert.equal(row(above, "pidsMax").effective?.file, pids.effective?.file);
  });

  test("by what leaves the fewest processors, quota and period of one cgroup together", async (t) => {
    const outer = uniqueName();
    const above = makeCgroup(t, outer, "cpu");
    const below = makeCgroup(t, `${outer}/inner`, "cpu");
    // 40000 of 200000 is less than 30000 of 100000.
    above.write("cpu.cfs_period_us", "200000");
    above.write("cpu.cfs_quota_us", "40000");
    above.write("cpu.max", "40000 200000");
    below.write("cpu.cfs_quota_us", "20000");
    below.write("cpu.max", "20000 100000");
    const report = await limitsOf(`/${outer}/inner`);
    const held = (["cpuQuotaUs", "cpuPeriodUs"] as const).map(
      (name) => row(report, name).effective,
    );
    assert.deepEqual(
      held.map((one) => one?.value),
      [20_000, 100_000],
    );
    below.write("cpu.cfs_quota_us", "-1");
    below.write("cpu.max", "max 100000");
    const freed = await limitsOf(`/${outer}/inner`);
    for (const [name, value] of [
      ["cpuQuotaUs", 40_000],
      ["cpuPeriodUs", 200_000],
    ] as const) {
      const { effective } = row(freed, name);
      assert.deepEqual([effective?.value, effective?.title], [value, outer]);
    }
  });

  test("never from what lies above the top of a hierarchy", async () => {
    const report = await limitsOf("/");
    const { mountPoint } = readCgroupMounts().hierarchies.find(({ controllers }) =>
      controllers.includes("pids"),
    ) ?? { mountPoint: "" };
    for (const { file, effective, parent } of report.rows) {
      assert.equal(parent, undefined);
      assert.ok(!effective || effective.title === "/", effective?.title);
      assert.ok(!file || file.startsWith("/sys/fs/cgroup/"), file);
    }
    assert.equal(report.title, "/");
    assert.notEqual(mountPoint, "");
  });
});

describe("what has no limit here", needsRoot, () => {
  test("says why: a cgroup of another hierarchy", async (t) => {
    const name = uniqueName();
    const memory = readCgroupMounts().hierarchies.find(({ controllers }) =>
      controllers.includes("memory"),
    );
    if (!memory || memory.version === 2) return t.skip("this machine has one hierarchy only");
    makeCgroup(t, name, "memory");
    const report = await limitsOf(join(memory.mountPoint, name));
    assert.ok(row(report, "memoryBytes").file);
    assert.match(row(report, "pidsMax").unavailable ?? "", /no cgroup of its own in .*pids/);
    assert.equal(row(report, "pidsMax").file, undefined);
  });

  test("is no cgroup: other directories, links and ways out are refused", async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "terrarium-limits-"));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    writeFileSync(join(folder, "cgroup.procs"), "");
    writeFileSync(join(folder, "memory.limit_in_bytes"), "1");
    symlinkSync(folder, join(folder, "link"));
    const { hierarchies } = readCgroupMounts();
    const top = hierarchies[0]?.mountPoint ?? "";
    let covered = "";
    t.after(() => execFileSync("umount", [covered]));
    covered = makeCgroup(t, uniqueName(), "memory").directories[0] ?? "";
    execFileSync("mount", ["--bind", folder, covered]);
    const ways = [
      folder,
      join(folder, "link"),
      `${top}/../../../..${folder}`,
      "/no/such",
      "/proc",
      join(top, "cgroup.procs"),
      covered,
    ];
    for (const target of ways) {
      const ran = await terrarium.run(["limits", target]);
      assert.deepEqual([ran.code, ran.stdout], [125, ""]);
      assert.match(ran.stderr, /^terrarium: There is no cgroup /, target);
    }
  });

  test("is a sandbox that does not run, which is said", async (t) => {
    const name = uniqueName();
    await terrarium.run(["create", "--name", name, "--", "true"]);
    t.after(() => terrarium.run(["rm", "-f", name]));
    const ran = await terrarium.run(["limits", name]);
    assert.match(ran.stderr, /is not running/);
  });
});

test("a cgroup's name cannot steer the terminal", needsRoot, async (t) => {
  const name = `${uniqueName()}-\u001b[2J\u202e`;
  makeCgroup(t, name, "pids").write("pids.max", "5");
  const { stdout } = await terrarium.run(["limits", `/${name}`]);
  assert.match(stdout, /Processes +5 /);
  assert.doesNotMatch(stdout.replaceAll("\n", ""), /[\p{C}\p{Zl}\p{Zp}]/u);
});
